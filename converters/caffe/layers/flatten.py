"""Flatten: the axes from `axis` to `end_axis` become one (`flatten_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers._sizes import emit_reshape
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule, shares_memory
from converters.caffe.network import Layer, LayerShape, elements

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


shares_memory("Flatten")


def _range(layer: Layer) -> tuple[int, int]:
    """First axis that is merged, and the one after the last; equal when an axis of size 1 is put in."""
    param = layer.message.flatten_param
    first, last = layer.canonical_axis(param.axis), layer.canonical_axis(param.end_axis)
    if first > last + 1:
        raise layer.fault("CTK507", f"axis {first} stands behind end_axis {last}")
    return first, last + 1


@shape_rule("Flatten")
def shape(layer: Layer) -> LayerShape:
    """One axis in place of the range.

    Raises:
        BadInput: CTK505 in place, CTK507 for axes that do not exist or are the wrong way round.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    refuse_in_place(layer)
    first, end = _range(layer)
    bottom = layer.bottom_shapes[0]
    return LayerShape(((*bottom[:first], elements(bottom[first:end]), *bottom[end:]),))


@emission("Flatten")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Reshape."""
    first, end = _range(layer)
    before = [(axis,) for axis in range(first)]
    behind = [(axis,) for axis in range(end, len(layer.bottom_shapes[0]))]
    emit_reshape(emitter, layer.bottoms[0], [*before, tuple(range(first, end)), *behind])


@evaluation("Flatten")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The same numbers in the same order."""
    (x,) = bottoms
    param = layer.message.flatten_param
    first, last = param.axis % x.ndim, param.end_axis % x.ndim
    return [x.reshape((*x.shape[:first], -1, *x.shape[last + 1 :]))]
