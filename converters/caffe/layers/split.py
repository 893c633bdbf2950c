"""Split: the bottom under several names (`split_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule, shares_memory
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


shares_memory("Split")


@shape_rule("Split")
def shape(layer: Layer) -> LayerShape:
    """All tops have the shape of the bottom.

    Raises:
        BadInput: CTK505 in place.
    """
    layer.expect(bottoms=(1, 1), tops=(1, None))
    refuse_in_place(layer)
    return LayerShape((layer.bottom_shapes[0],) * len(layer.tops))


@emission("Split")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One Identity for each top, so that all names stay."""
    for slot in range(len(layer.tops)):
        emitter.node("Identity", layer.bottoms, slot=slot)


@evaluation("Split")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The same array for each top."""
    return list(bottoms) * len(layer.tops)
