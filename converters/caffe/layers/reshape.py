"""Reshape: other axes in place of some or all of the bottom's (`reshape_layer.cpp`).

In the new shape 0 copies the bottom's axis at `axis` plus its own position, and -1 is inferred. A negative
`axis` counts from one past the end: -1 appends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers._sizes import Part, emit_reshape
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule, shares_memory
from converters.caffe.network import Layer, LayerShape, elements

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


shares_memory("Reshape")


def _replaced(layer: Layer) -> tuple[int, int]:
    """First axis that is replaced, and the one after the last."""
    param = layer.message.reshape_param
    rank = len(layer.bottom_shapes[0])
    first = param.axis if param.axis >= 0 else rank + param.axis + 1
    if not 0 <= first <= rank:
        raise layer.fault("CTK507", f"axis {param.axis} does not exist in a blob of {rank} axes")
    end = rank if param.num_axes == -1 else first + param.num_axes
    if param.num_axes < -1 or end > rank:
        raise layer.fault(
            "CTK507", f"num_axes {param.num_axes} from axis {first} leaves a bottom of {rank} axes"
        )
    return first, end


def _parts(layer: Layer) -> list[Part]:
    """The sizes of the top: numbers, -1, or the axis that is copied."""
    first, end = _replaced(layer)
    rank = len(layer.bottom_shapes[0])
    stated = list(layer.message.reshape_param.shape.dim)
    if any(size < -1 for size in stated) or stated.count(-1) > 1:
        raise layer.fault("CTK507", f"shape {stated} has a size below -1, or more than one -1")
    if any(size == 0 and first + i >= rank for i, size in enumerate(stated)):
        raise layer.fault("CTK507", f"shape {stated} has a 0 for which the bottom has no axis to copy")
    new: list[Part] = [size if size else (first + i,) for i, size in enumerate(stated)]
    return [*((axis,) for axis in range(first)), *new, *((axis,) for axis in range(end, rank))]


@shape_rule("Reshape")
def shape(layer: Layer) -> LayerShape:
    """As many elements as the bottom has.

    Raises:
        BadInput: CTK505 in place, CTK507 for a range or a shape that Caffe refuses, CTK508 when the number of
            elements differs.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    refuse_in_place(layer)
    bottom = layer.bottom_shapes[0]
    top = [part if isinstance(part, int) else bottom[part[0]] for part in _parts(layer)]
    if -1 in top:
        others = elements([size for size in top if size != -1])
        if elements(bottom) % others:
            raise layer.fault("CTK508", f"shape {bottom} does not divide into {others} parts for the size -1")
        top[top.index(-1)] = elements(bottom) // others
    if elements(top) != elements(bottom):
        raise layer.fault(
            "CTK508", f"shape {tuple(top)} has another number of elements than the bottom {bottom}"
        )
    return LayerShape((tuple(top),))


@emission("Reshape")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Reshape; dynamic sizes are copied inside the graph."""
    emit_reshape(emitter, layer.bottoms[0], _parts(layer))


@evaluation("Reshape")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The same numbers in the same order."""
    (x,) = bottoms
    param = layer.message.reshape_param
    first = param.axis + (x.ndim + 1 if param.axis < 0 else 0)
    kept = () if param.num_axes == -1 else x.shape[first + param.num_axes :]
    new = [size or x.shape[first + i] for i, size in enumerate(param.shape.dim)]
    return [x.reshape((*x.shape[:first], *new, *kept))]
