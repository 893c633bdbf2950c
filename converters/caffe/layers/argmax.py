"""ArgMax: positions, or values, of the largest numbers (`argmax_layer.cpp`).

Without `axis` each item is flattened, and the top is (N, 1, k) or, with `out_max_val`, (N, 2, k): positions,
then values. With `axis` that axis becomes k, and `out_max_val` gives values instead of positions. Of equal
numbers the one at the largest position comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_reshaped_in_place
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape, elements

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("ArgMax")
def shape(layer: Layer) -> LayerShape:
    """One top.

    Raises:
        BadInput: CTK507 when `top_k` is 0 or larger than what there is, CTK508 for a bottom without axes.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    param = layer.message.argmax_param
    bottom = layer.bottom_shapes[0]
    if not bottom:
        raise layer.fault("CTK508", "ArgMax needs a bottom with axes, this one has none")
    axis = layer.canonical_axis(param.axis) if param.HasField("axis") else None
    available = elements(bottom[1:]) if axis is None else bottom[axis]
    if not 1 <= param.top_k <= available:
        raise layer.fault("CTK507", f"top_k {param.top_k} must be between 1 and {available}")
    if axis is None:
        planes = 2 if param.out_max_val else 1
        top = (bottom[0], planes, param.top_k, *[1] * (len(bottom) - 3))
    else:
        top = (*bottom[:axis], param.top_k, *bottom[axis + 1 :])
    refuse_reshaped_in_place(layer, top)
    return LayerShape((top,))


@emission("ArgMax")
def emit(layer: Layer, emitter: Emitter) -> None:
    """TopK of the reversed axis, since TopK prefers the smallest position among equals."""
    param = layer.message.argmax_param
    k = emitter.constant("k", np.asarray([param.top_k], np.int64))
    if param.HasField("axis"):
        axis = layer.canonical_axis(param.axis)
        size = emitter.dims(layer.bottoms[0])[axis]
        if param.out_max_val:
            found = emitter.node("TopK", [layer.bottoms[0], k], inner="top", outputs=2, axis=axis)
            emitter.node("Identity", [found[0]])
            return
        _, places = _largest(emitter, layer.bottoms[0], k, axis, size)
        emitter.node("Cast", [places], to=_FLOAT)
        return
    sizes = emitter.dims(layer.bottoms[0])[1:]
    fixed = [size for size in sizes if size is not None]
    flat = emitter.reshaped(layer.bottoms[0], [0, -1], inner="flat")[0]
    values, places = _largest(emitter, flat, k, 1, elements(fixed) if len(fixed) == len(sizes) else None)
    rows = emitter.node("Cast", [places], inner="positions", to=_FLOAT)[0]
    if param.out_max_val:
        rows = emitter.node("Concat", [rows, values], inner="positions_values", axis=1)[0]
    planes = 2 if param.out_max_val else 1
    emitter.reshaped(rows, [0, planes, param.top_k, *[1] * (len(layer.bottom_shapes[0]) - 3)])


_FLOAT = 1  # TensorProto.FLOAT


def _largest(emitter: Emitter, value: str, k: str, axis: int, size: int | None) -> tuple[str, str]:
    """The k largest along an axis, and their positions (int64)."""
    starts = emitter.constant("last", np.asarray([-1], np.int64))
    # "To the beginning, inclusive" when stepping backwards.
    ends = emitter.constant("before_first", np.asarray([np.iinfo(np.int32).min], np.int64))
    axes = emitter.constant("axis", np.asarray([axis], np.int64))
    reverse = emitter.node("Slice", [value, starts, ends, axes, starts], inner="reversed")
    values, behind = emitter.node("TopK", [reverse[0], k], inner="top", outputs=2, axis=axis)
    if size is None:
        shape = emitter.node("Shape", [value], inner="shape")
        count = emitter.node("Gather", [shape[0], axes], inner="count", axis=0)
        last = emitter.node("Add", [count[0], starts], inner="last_position")[0]
    else:
        last = emitter.constant("last_position", np.asarray([size - 1], np.int64))
    return values, emitter.node("Sub", [last, behind], inner="places")[0]


@evaluation("ArgMax")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """A stable sort of the reversed numbers, largest first."""
    (x,) = bottoms
    param = layer.message.argmax_param
    has_axis = param.HasField("axis")
    lines = np.moveaxis(x, param.axis, -1) if has_axis else x.reshape(x.shape[0], -1)
    order = np.argsort(-lines[..., ::-1], axis=-1, kind="stable")[..., : param.top_k]
    places = lines.shape[-1] - 1 - order
    values = np.take_along_axis(lines, places, axis=-1)
    if has_axis:
        return [np.moveaxis(values if param.out_max_val else places.astype(np.float64), -1, param.axis)]
    planes = [places.astype(np.float64), values] if param.out_max_val else [places.astype(np.float64)]
    top = np.stack(planes, axis=1)
    return [top.reshape(*top.shape, *[1] * (x.ndim - 3))]
