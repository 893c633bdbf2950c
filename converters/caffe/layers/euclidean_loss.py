"""EuclideanLoss: half the squared distance, averaged over the batch (`euclidean_loss_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers import _losses
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape, elements

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("EuclideanLoss")
def shape(layer: Layer) -> LayerShape:
    """A 0-dimensional top.

    Raises:
        BadInput: CTK505 for the wiring, CTK508 unless both bottoms hold as many numbers for each item.
    """
    found = _losses.loss_shape(layer)
    _losses.legacy_shape(layer, 0)
    first, second = layer.bottom_shapes
    if elements(first[1:]) != elements(second[1:]):
        raise layer.fault("CTK508", f"bottoms of shapes {first} and {second} hold unequal items")
    return found


@emission("EuclideanLoss")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Rows of squared differences; only their numbers must agree, not their axes."""
    if _losses.is_anonymous(layer, emitter):
        return
    first, second = (
        emitter.node("Flatten", [bottom], inner=f"rows{slot}", axis=1)[0]
        for slot, bottom in enumerate(layer.bottoms)
    )
    difference = emitter.node("Sub", [first, second], inner="difference")[0]
    squares = emitter.node("Mul", [difference, difference], inner="squares")
    distances = emitter.reduce("ReduceSum", squares, [1], inner="distances")
    mean = emitter.node("ReduceMean", distances, inner="mean", keepdims=0)
    emitter.node("Mul", [mean[0], emitter.scalar("half", 0.5)])


@evaluation("EuclideanLoss")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself."""
    difference = bottoms[0].ravel() - bottoms[1].ravel()
    return [np.asarray(difference @ difference / bottoms[0].shape[0] / 2)][: len(layer.tops)]
