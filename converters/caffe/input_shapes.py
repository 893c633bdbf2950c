"""Other input sizes than the prototxt's: `--input-shape NAME:1,1,224,224` and `--batch N|dynamic`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from converters.caffe.schema import NetParameter
from toolkit.errors import BadInput, UsageFault, Where
from toolkit.nearest import did_you_mean

DYNAMIC = -1
_MOST_DIGITS = 10  # of 2**31 - 1, the largest size; Python converts no text of more than 4300 digits


@dataclass(frozen=True, slots=True)
class InputShapes:
    """Sizes that replace the prototxt's.

    An input is one of the network that results: of a piece, the blobs that it starts at.

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

    def renamed(self, names: Mapping[str, str]) -> InputShapes:
        """The same under other names of inputs; those that ``names`` lacks stay."""
        return replace(self, shapes={names.get(name, name): sizes for name, sizes in self.shapes.items()})


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


def parse_input_shapes(texts: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """All of the options ``--input-shape``, by the name of the input.

    Raises:
        UsageFault: CTK601 when a text has another form, or an input is named twice.
    """
    found: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, sizes = parse_input_shape(text)
        if name in found:
            raise UsageFault("CTK601", f"--input-shape names input {name!r} twice", notes=["give it once"])
        found[name] = sizes
    return found


def with_input_shapes(message: NetParameter, wanted: InputShapes, file: str) -> NetParameter:
    """The network with its Input layers' shapes replaced; ``message`` itself when nothing is asked for.

    Names that are no input are left to `refuse_unknown_inputs`.

    Raises:
        BadInput: CTK508 when the number of axes differs.
        UsageFault: CTK601 when the batch is stated twice, in different words.
    """
    if not wanted.shapes and wanted.batch is None:
        return message
    changed = NetParameter()
    changed.CopyFrom(message)
    for layer in changed.layer:
        if layer.type != "Input":
            continue
        shapes = [tuple(shape.dim) for shape in layer.input_param.shape]
        if len(shapes) not in {1, len(layer.top)}:
            continue  # the shape rule reports it
        del layer.input_param.shape[:]
        for slot, top in enumerate(layer.top):
            old = shapes[slot] if len(shapes) > 1 else shapes[0]
            sizes = list(new_shape(top, old, wanted, file))
            if isinstance(wanted.batch, int) and sizes:
                sizes[0] = wanted.batch
            layer.input_param.shape.add(dim=sizes)
    return changed


def refuse_unknown_inputs(wanted: InputShapes, inputs: Collection[str], file: str) -> None:
    """Sizes must count for something: every name is an input of the network that results.

    Raises:
        BadInput: CTK516, with the inputs that there are.
    """
    for name in wanted.shapes:
        if name not in inputs:
            raise BadInput(
                "CTK516", f"no input is called {name!r}", Where(file=file), did_you_mean(name, inputs)
            )


def new_shape(name: str, old: tuple[int, ...], wanted: InputShapes, file: str) -> tuple[int, ...]:
    """The sizes of an input under the option for it, ``old`` where there is none.

    Raises:
        BadInput: CTK508 when the number of axes differs.
        UsageFault: CTK601 when its batch is another than that of all inputs.
    """
    new = wanted.shapes.get(name, old)
    if len(new) != len(old):
        raise BadInput(
            "CTK508", f"input {name!r} has {len(old)} axes, {len(new)} sizes were given", Where(file=file)
        )
    if name in wanted.shapes and isinstance(wanted.batch, int) and new and new[0] != wanted.batch:
        said = "dynamic" if new[0] == DYNAMIC else str(new[0])
        raise UsageFault(
            "CTK601",
            f"--batch {wanted.batch} and --input-shape of {name!r} contradict each other: its axis 0 is {said} there",
            notes=["leave --batch out, or give the same size"],
        )
    return tuple(before if size == DYNAMIC else size for before, size in zip(old, new, strict=True))


def _is_size(part: str) -> bool:
    return part in {"?", "-1"} or is_count(part)


def is_count(text: str) -> bool:
    """Whether a text is a decimal number from 1 to 2**31 - 1."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and 0 < int(text) < 2**31
