"""Reduction: all axes from `axis` on become one number, times `coeff` (`reduction_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


# Numbers of the enum ReductionOp.
_SUM, _ASUM, _SUMSQ, _MEAN = 1, 2, 3, 4
_OPERATORS = {_SUM: "ReduceSum", _ASUM: "ReduceL1", _SUMSQ: "ReduceSumSquare", _MEAN: "ReduceMean"}


@shape_rule("Reduction")
def shape(layer: Layer) -> LayerShape:
    """The axes before `axis`; none at all for axis 0.

    Raises:
        BadInput: CTK505 in place, CTK507 for an axis that does not exist.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    refuse_in_place(layer, "the top has fewer axes than the bottom")
    axis = layer.canonical_axis(layer.message.reduction_param.axis)
    return LayerShape((layer.bottom_shapes[0][:axis],))


@emission("Reduction")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One of the Reduce operators, and Mul for the coefficient."""
    param = layer.message.reduction_param
    axes = range(layer.canonical_axis(param.axis), len(layer.bottom_shapes[0]))
    op = _OPERATORS[param.operation]
    if param.coeff == 1:
        emitter.reduce(op, layer.bottoms, axes, keepdims=False)
        return
    reduced = emitter.reduce(op, layer.bottoms, axes, inner="reduced", keepdims=False)
    emitter.node("Mul", [reduced[0], emitter.constant("coeff", np.asarray(param.coeff, np.float32))])


@evaluation("Reduction")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Sums over the flattened rest."""
    (x,) = bottoms
    param = layer.message.reduction_param
    axis = param.axis % x.ndim
    rows = x.reshape(*x.shape[:axis], -1)
    numbers = {_ASUM: np.abs, _SUMSQ: np.square}.get(param.operation, np.asarray)(rows)
    total = numbers.sum(axis=-1) / (rows.shape[-1] if param.operation == _MEAN else 1)
    return [np.asarray(total * np.float64(param.coeff))]
