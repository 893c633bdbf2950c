"""Which dimensions follow a dynamic input size: found by inferring shapes at other sizes and comparing.

So no shape rule has to know about symbols. A network that fixes a size somewhere (an InnerProduct behind a
dynamic height, say) needs parameters of another shape at the other size, and is refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
    groups = sorted({axis for chosen in axes.values() for axis in chosen})
    symbols: dict[str, list[str | None]] = {}
    for axis in groups:
        grown = {n: _grown(base[n], axis) if axis in axes[n] else base[n] for n in inputs}
        _mark(symbols, base, _reinfer(layers, found, grown), axis, grown)
    return {name: tuple(row) for name, row in symbols.items()}


def _grown(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], shape[axis] * _FACTOR, *shape[axis + 1 :])


def _mark(
    symbols: dict[str, list[str | None]],
    base: dict[str, Shape],
    other: dict[str, Shape],
    axis: int,
    inputs: dict[str, Shape],
) -> None:
    """Names every dimension that changed: after the input axis while it has its size, else after the value."""
    label = _AXIS_NAMES[axis] if axis < len(_AXIS_NAMES) else f"axis{axis}"
    reference = {(base[name][axis], grown[axis]) for name, grown in inputs.items() if grown != base[name]}
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
