"""Permute: the axes in another order (SSD's `permute_layer.cpp`); axes that are not named follow in theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule, shares_memory
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


def _is_natural(layer: Layer) -> bool:
    """Whether the order changes nothing; then the fork passes the bottom's memory on."""
    order = list(layer.message.permute_param.order)
    return order == list(range(len(order)))


shares_memory("Permute", when=_is_natural)


def _order(layer: Layer) -> list[int]:
    named = list(layer.message.permute_param.order)
    rank = len(layer.bottom_shapes[0])
    if any(axis >= rank for axis in named):
        raise layer.fault("CTK507", f"order {named} names an axis that a blob of {rank} axes has not")
    if len(set(named)) < len(named):
        raise layer.fault("CTK507", f"order {named} names an axis twice")
    return [*named, *(axis for axis in range(rank) if axis not in named)]


@shape_rule("Permute")
def shape(layer: Layer) -> LayerShape:
    """The bottom's sizes in the new order.

    Raises:
        BadInput: CTK505 in place (except where nothing moves), CTK507 for an impossible order.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    order = _order(layer)
    if not _is_natural(layer):
        refuse_in_place(layer, "numbers would be overwritten before they are read")
    return LayerShape((tuple(layer.bottom_shapes[0][axis] for axis in order),))


@emission("Permute")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Transpose, or Identity."""
    if _is_natural(layer):
        emitter.node("Identity", layer.bottoms)
    else:
        emitter.node("Transpose", layer.bottoms, perm=_order(layer))


@evaluation("Permute")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Moves the named axes to the front."""
    (x,) = bottoms
    named = list(layer.message.permute_param.order)
    return [np.moveaxis(x, named, range(len(named)))]
