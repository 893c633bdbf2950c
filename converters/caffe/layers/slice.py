"""Slice: one bottom cut into several tops along an axis (`slice_layer.cpp`).

With `slice_point`s, one fewer than tops, the cuts are there; without, all tops are of equal size.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers._sizes import INT64_MAX
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule, shares_memory
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


shares_memory("Slice", when=lambda layer: len(layer.tops) == 1)


def _axis(layer: Layer) -> int:
    """`axis`, which may be negative, or the legacy `slice_dim`, which may not."""
    param = layer.message.slice_param
    if not param.HasField("slice_dim"):
        return layer.canonical_axis(param.axis)
    if param.HasField("axis"):
        raise layer.fault("CTK507", "either axis or slice_dim may be given, not both")
    return layer.canonical_axis(param.slice_dim)


def _bounds(layer: Layer, size: int) -> list[int]:
    """0, the cuts, and the size of the axis."""
    tops = len(layer.tops)
    points = list(layer.message.slice_param.slice_point)
    if not points:
        if size % tops:
            raise layer.fault("CTK508", f"{size} does not divide into {tops} tops of equal size")
        return list(range(0, size + 1, size // tops))
    if len(points) != tops - 1:
        raise layer.fault("CTK507", f"{tops} tops need {tops - 1} slice points, there are {len(points)}")
    bounds = [0, *points, size]
    if any(a >= b for a, b in pairwise(bounds)):
        raise layer.fault("CTK507", f"slice points {points} must rise, and lie inside an axis of size {size}")
    return bounds


@shape_rule("Slice")
def shape(layer: Layer) -> LayerShape:
    """The parts.

    Raises:
        BadInput: CTK505 for several tops in place, CTK507 for a wrong axis or wrong points, CTK508 when the
            axis does not divide evenly.
    """
    layer.expect(bottoms=(1, 1), tops=(1, None))
    if len(layer.tops) > 1:
        refuse_in_place(layer, "the first top is smaller than the bottom")
    axis = _axis(layer)
    bottom = layer.bottom_shapes[0]
    bounds = _bounds(layer, bottom[axis])
    sizes = [b - a for a, b in pairwise(bounds)]
    return LayerShape(tuple((*bottom[:axis], size, *bottom[axis + 1 :]) for size in sizes))


@emission("Slice")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Split; Slices where a dynamic axis is cut at points; Identity for one top."""
    axis = _axis(layer)
    is_fixed = emitter.dims(layer.bottoms[0])[axis] is not None
    if len(layer.tops) == 1:
        emitter.node("Identity", layer.bottoms)
    elif is_fixed:
        _split_into(layer, emitter, axis, [top[axis] for top in layer.top_shapes])
    elif layer.message.slice_param.slice_point:
        _slices(layer, emitter, axis)
    else:
        # Since opset 18 the number must be said; before, the outputs tell it.
        counted: dict[str, Any] = {"num_outputs": len(layer.tops)} if emitter.opset >= 18 else {}
        emitter.node("Split", layer.bottoms, outputs=len(layer.tops), axis=axis, **counted)


def _split_into(layer: Layer, emitter: Emitter, axis: int, sizes: list[int]) -> None:
    """Split; its sizes are an attribute before opset 13 and an input since."""
    if emitter.opset < 13:
        emitter.node("Split", layer.bottoms, outputs=len(sizes), axis=axis, split=sizes)
        return
    listed = emitter.constant("sizes", np.asarray(sizes, np.int64))
    emitter.node("Split", [*layer.bottoms, listed], outputs=len(sizes), axis=axis)


def _slices(layer: Layer, emitter: Emitter, axis: int) -> None:
    bounds = [0, *layer.message.slice_param.slice_point, INT64_MAX]
    axes = emitter.constant("axis", np.asarray([axis], np.int64))
    cuts = [emitter.constant(f"bound{i}", np.asarray([bound], np.int64)) for i, bound in enumerate(bounds)]
    for slot in range(len(layer.tops)):
        emitter.node("Slice", [layer.bottoms[0], cuts[slot], cuts[slot + 1], axes], slot=slot)


@evaluation("Slice")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """NumPy's split, at the points or into equal parts."""
    (x,) = bottoms
    param = layer.message.slice_param
    axis = param.slice_dim if param.HasField("slice_dim") else param.axis
    return np.split(x, list(param.slice_point) or len(layer.tops), axis=axis)
