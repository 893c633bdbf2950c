"""Which dimensions follow a dynamic input size: found by inferring shapes at other sizes and comparing.

Axes of all inputs with the same number grow together, one number after the other. Where that fails, they are counted
from the end: labels of N x H x W beside data of N x C x H x W must grow along axis 1 where those grow along axis 2.
So no shape rule has to know about symbols. A network that fixes a size somewhere (an InnerProduct behind a
dynamic height, say) needs parameters of another shape at the other size, and is refused by name.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from converters.caffe.input_shapes import InputShapes
from converters.caffe.layers.registry import shape_of
from converters.caffe.network import Layer, LayerShape, Shape
from toolkit.errors import BadInput

Symbols = dict[str, tuple[str | None, ...]]
_AXIS_NAMES = ("batch", "channels", "height", "width")
# A multiple keeps sizes that must be divisible (by strides) divisible; a large one shows in every result, where
# twice a size of 1 may still be a single window.
_FACTOR = 16


def dynamic_symbols(
    layers: Sequence[Layer], found: Sequence[tuple[Layer, LayerShape]], wanted: InputShapes
) -> Symbols:
    """Symbols of the dynamic dimensions of every value; empty when nothing is dynamic.

    Args:
        layers: Needed layers without shapes.
        found: The same with shapes, and what their rules found.
        wanted: Says which input axes are dynamic.

    Raises:
        BadInput: CTK508 when a layer needs a fixed size.
    """
    base = {
        name: shape for layer, _ in found for name, shape in zip(layer.tops, layer.top_shapes, strict=True)
    }
    inputs = [top for layer, _ in found if layer.type == "Input" for top in layer.tops]
    axes = {name: wanted.dynamic_axes(name, len(base[name])) for name in inputs}
    first = _Grouping(layers, found, base, {name: [(i, i) for i in sorted(axes[name])] for name in inputs})
    second = replace(first, axes={name: _from_the_end(axes[name], len(base[name])) for name in inputs})
    try:
        return first.symbols()
    except BadInput as error:
        if first.axes == second.axes:
            raise
        try:
            return second.symbols()
        except BadInput:
            raise BadInput(error.code, error.what, error.where, [*error.notes, _WHY]) from error


_WHY = (
    "dynamic axes of several inputs vary together where they have the same number, or (behind the batch) the same "
    "place counted from the end; give all inputs that must agree their dynamic axes so"
)


def _from_the_end(axes: Collection[int], rank: int) -> list[tuple[int, int]]:
    """Axes with the numbers that they have in four axes of which the last ones are given; axis 0 stays the batch."""
    return [(axis, axis and axis - rank + len(_AXIS_NAMES)) for axis in sorted(axes)]


@dataclass(frozen=True, slots=True)
class _Grouping:
    """Which input axes grow together: those with the same number.

    Attributes:
        layers: As for `dynamic_symbols`.
        found: As for `dynamic_symbols`.
        base: Shapes of all values as they are.
        axes: Per input its dynamic axes, each with its number.
    """

    layers: Sequence[Layer]
    found: Sequence[tuple[Layer, LayerShape]]
    base: dict[str, Shape]
    axes: dict[str, list[tuple[int, int]]]

    def symbols(self) -> Symbols:
        """What `dynamic_symbols` gives; raises as it does."""
        symbols: dict[str, list[str | None]] = {}
        for number in sorted({number for chosen in self.axes.values() for _, number in chosen}):
            grown = {
                name: _grown(self.base[name], [axis for axis, own in chosen if own == number])
                for name, chosen in self.axes.items()
            }
            _mark(symbols, self.base, _reinfer(self.layers, self.found, grown), number, grown)
        return {name: tuple(row) for name, row in symbols.items()}


def _grown(shape: Shape, axes: Collection[int]) -> Shape:
    return tuple(size * _FACTOR if axis in axes else size for axis, size in enumerate(shape))


def _mark(
    symbols: dict[str, list[str | None]],
    base: dict[str, Shape],
    other: dict[str, Shape],
    number: int,
    inputs: dict[str, Shape],
) -> None:
    """Names every dimension that changed: after the input axis while it has its size, else after the value."""
    label = _AXIS_NAMES[number] if 0 <= number < len(_AXIS_NAMES) else f"axis{number}".replace("-", "_")
    reference = {
        pair
        for name, grown in inputs.items()
        for pair in zip(base[name], grown, strict=True)
        if pair[0] != pair[1]
    }
    for name, before in base.items():
        row = symbols.setdefault(name, [None] * len(before))
        for i, (old, new) in enumerate(zip(before, other[name], strict=True)):
            if old != new:
                row[i] = label if (old, new) in reference and len(reference) == 1 else f"{name}_{label}"


def _reinfer(
    layers: Sequence[Layer], found: Sequence[tuple[Layer, LayerShape]], inputs: dict[str, Shape]
) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for layer, (_, before) in zip(layers, found, strict=True):
        if layer.type == "Input":
            shapes.update({top: inputs[top] for top in layer.tops})
            continue
        try:
            after = shape_of(replace(layer, bottom_shapes=tuple(shapes[name] for name in layer.bottoms)))
        except BadInput as error:
            raise layer.fault("CTK508", f"the network does not take dynamic sizes: {error.what}") from error
        if after.blobs != before.blobs or any(
            len(a) != len(b) for a, b in zip(after.tops, before.tops, strict=True)
        ):
            raise layer.fault(
                "CTK508", f"the network does not take dynamic sizes: this {layer.type} fixes its input's size"
            )
        shapes.update(zip(layer.tops, after.tops, strict=True))
    return shapes
