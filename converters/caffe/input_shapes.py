"""Other input sizes than the prototxt's: `--input-shape NAME:1,1,224,224` and `--batch N|dynamic`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from converters.caffe.schema import NetParameter
from toolkit.errors import BadInput, UsageFault, Where
from toolkit.nearest import did_you_mean

DYNAMIC = -1
_MOST_DIGITS = 10  # of 2**31 - 1, the largest size; Python converts no text of more than 4300 digits


@dataclass(frozen=True, slots=True)
class InputShapes:
    """Sizes that replace the prototxt's.

    Attributes:
        shapes: Per input, its sizes; `DYNAMIC` (-1) keeps the prototxt's size and makes the axis dynamic.
        batch: Size of axis 0 of every input, ``dynamic``, or None for the prototxt's.
    """

    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    batch: int | Literal["dynamic"] | None = None

    def dynamic_axes(self, name: str, rank: int) -> frozenset[int]:
        """Axes of an input that are dynamic."""
        axes = {axis for axis, size in enumerate(self.shapes.get(name, ())) if size == DYNAMIC}
        if self.batch == "dynamic" and rank:
            axes.add(0)
        return frozenset(axes)


def parse_input_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """``NAME:1,1,224,224`` to name and sizes; ``?`` and ``-1`` mean dynamic.

    Raises:
        UsageFault: CTK601 when the text has another form.
    """
    name, colon, sizes = text.rpartition(":")
    parts = [part.strip() for part in sizes.replace("x", ",").split(",")]
    if not colon or not name or not all(_is_size(part) for part in parts):
        raise UsageFault(
            "CTK601", f"--input-shape {text[:80]!r} is not NAME:1,1,224,224 (-1 or ? for a dynamic size)"
        )
    return name, tuple(DYNAMIC if part in {"?", "-1"} else int(part) for part in parts)


def with_input_shapes(message: NetParameter, wanted: InputShapes, file: str) -> NetParameter:
    """The network with its Input layers' shapes replaced; ``message`` itself when nothing is asked for.

    Raises:
        BadInput: CTK516 when an input is unknown; CTK508 when the number of axes differs.
    """
    if not wanted.shapes and wanted.batch is None:
        return message
    changed = NetParameter()
    changed.CopyFrom(message)
    names = []
    for layer in changed.layer:
        if layer.type != "Input":
            continue
        shapes = [tuple(shape.dim) for shape in layer.input_param.shape]
        if len(shapes) not in {1, len(layer.top)}:
            continue  # the shape rule reports it
        del layer.input_param.shape[:]
        for slot, top in enumerate(layer.top):
            names.append(top)
            old = shapes[slot] if len(shapes) > 1 else shapes[0]
            layer.input_param.shape.add(dim=_new_shape(top, old, wanted, file))
    for name in wanted.shapes:
        if name not in names:
            raise BadInput(
                "CTK516", f"no input is called {name!r}", Where(file=file), did_you_mean(name, names)
            )
    return changed


def _new_shape(name: str, old: tuple[int, ...], wanted: InputShapes, file: str) -> list[int]:
    new = wanted.shapes.get(name, old)
    if len(new) != len(old):
        raise BadInput(
            "CTK508", f"input {name!r} has {len(old)} axes, {len(new)} sizes were given", Where(file=file)
        )
    sizes = [before if size == DYNAMIC else size for before, size in zip(old, new, strict=True)]
    if isinstance(wanted.batch, int) and sizes:
        sizes[0] = wanted.batch
    return sizes


def _is_size(part: str) -> bool:
    return part in {"?", "-1"} or is_count(part)


def is_count(text: str) -> bool:
    """Whether a text is a decimal number from 1 to 2**31 - 1."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and 0 < int(text) < 2**31
