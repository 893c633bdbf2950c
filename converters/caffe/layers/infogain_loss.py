"""InfogainLoss: -sum over l of H[label, l] * log(softmax at l), averaged (`infogain_loss_layer.cpp`).

The matrix H is the third bottom, classes x classes. The optional second top is the softmax. A matrix in a file of
its own (`source`) is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers import _losses
from converters.caffe.layers._softmax import emit_softmax
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape, elements

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

_LEAST = 1e-20  # Caffe's kLOG_THRESHOLD


@shape_rule("InfogainLoss")
def shape(layer: Layer) -> LayerShape:
    """A 0-dimensional top, and the softmax in the first bottom's shape.

    Raises:
        BadInput: CTK505 for the wiring, CTK506 for a matrix in a file, CTK507 for the older `normalize`, CTK508
            when labels or matrix do not fit.
    """
    found = _losses.loss_shape(layer, bottoms=(2, 3), softmax_top=True)
    if layer.message.loss_param.HasField("normalize"):
        raise layer.fault("CTK507", "InfogainLoss takes normalization, not normalize")
    if len(layer.bottoms) == 2:
        raise layer.fault(
            "CTK506",
            "InfogainLoss with its matrix in a file of its own (source) is not offered",
            "give the matrix as third bottom, or drop the loss with include { phase: TRAIN }",
        )
    axis = _axis(layer)
    _losses.check_labels(layer, axis)
    classes = layer.bottom_shapes[0][axis]
    if elements(layer.bottom_shapes[2]) != classes * classes:
        raise layer.fault(
            "CTK508", f"the matrix needs {classes}x{classes} numbers, not {layer.bottom_shapes[2]}"
        )
    return found


def _axis(layer: Layer) -> int:
    return layer.canonical_axis(layer.message.infogain_loss_param.axis)


@emission("InfogainLoss")
def emit(layer: Layer, emitter: Emitter) -> None:
    """LogSoftmax, weighted with the row of the matrix that the label names."""
    if _losses.is_anonymous(layer, emitter):
        return
    axis = _axis(layer)
    split, places = _losses.class_layout(layer, emitter, axis)
    logs = _losses.log_softmax(layer, emitter, split, _LEAST)
    labels = _losses.emit_labels(emitter, layer.bottoms[1], places, _losses.ignored_label(layer))
    matrix = emitter.reshaped(layer.bottoms[2], [split[1], split[1]], inner="matrix")
    rows = emitter.node("GatherND", [matrix[0], labels.index], inner="rows")
    weighted = emitter.node("Mul", [rows[0], logs], inner="weighted")
    summed = emitter.reduce("ReduceSum", weighted, [2], inner="summed")
    losses = emitter.node("Neg", summed, inner="losses")
    _losses.emit_normalized(emitter, losses[0], labels.valid, layer.message.loss_param.normalization, [1, 2])
    if len(layer.tops) == 2:
        emit_softmax(layer, emitter, axis, slot=1)


@evaluation("InfogainLoss")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula on (outer, classes, inner)."""
    x = _losses.split_at(layer, bottoms[0], layer.message.infogain_loss_param.axis)
    e = np.exp(x - x.max(axis=1, keepdims=True))
    probability = e / e.sum(axis=1, keepdims=True)
    classes = x.shape[1]
    ignored = _losses.ignored_label(layer)
    labels, valid = _losses.read_labels(layer, bottoms[1], (x.shape[0], x.shape[2]), classes, ignored)
    rows = bottoms[2].reshape(classes, classes)[labels]
    losses = -np.einsum("oil,oli->oi", rows, np.log(np.maximum(probability, _LEAST)))
    loss = _losses.normalized(losses, valid, layer.message.loss_param.normalization)
    return [*loss, probability.reshape(bottoms[0].shape)][: len(layer.tops)]
