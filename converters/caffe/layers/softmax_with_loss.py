"""SoftmaxWithLoss: the mean of -log(softmax at the label) (`softmax_loss_layer.cpp`).

Probabilities count as FLT_MIN at least. The optional second top is the softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers import _losses
from converters.caffe.layers._softmax import emit_softmax
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

_LEAST = float(np.finfo(np.float32).tiny)  # Caffe's FLT_MIN


@shape_rule("SoftmaxWithLoss")
def shape(layer: Layer) -> LayerShape:
    """A 0-dimensional top, and the softmax in the first bottom's shape.

    Raises:
        BadInput: CTK505, CTK507, CTK508 where wiring, axis or the number of labels do not fit.
    """
    found = _losses.loss_shape(layer, softmax_top=True)
    _losses.check_labels(layer, _axis(layer))
    return found


def _axis(layer: Layer) -> int:
    return layer.canonical_axis(layer.message.softmax_param.axis)


def _mode(layer: Layer) -> int:
    """`normalization` (by default VALID), or what the older `normalize` says."""
    param = layer.message.loss_param
    if not param.HasField("normalization") and param.HasField("normalize"):
        return _losses.NORMALIZED_BY.VALID if param.normalize else _losses.NORMALIZED_BY.BATCH_SIZE
    return param.normalization


@emission("SoftmaxWithLoss")
def emit(layer: Layer, emitter: Emitter) -> None:
    """LogSoftmax, looked up at the labels."""
    if _losses.is_anonymous(layer, emitter):
        return
    split, places = _losses.class_layout(layer, emitter, _axis(layer))
    logs = _losses.log_softmax(layer, emitter, split, _LEAST)
    labels = _losses.emit_labels(emitter, layer.bottoms[1], places, _losses.ignored_label(layer))
    picked = emitter.node("GatherElements", [logs, labels.index], inner="at_label", axis=2)
    losses = emitter.node("Neg", picked, inner="losses")
    _losses.emit_normalized(emitter, losses[0], labels.valid, _mode(layer), [1, 2])
    if len(layer.tops) == 2:
        emit_softmax(layer, emitter, _axis(layer), slot=1)


@evaluation("SoftmaxWithLoss")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula on (outer, classes, inner).

    The normalizer BATCH_SIZE is the number of outer positions.
    """
    x = _losses.split_at(layer, bottoms[0], layer.message.softmax_param.axis)
    e = np.exp(x - x.max(axis=1, keepdims=True))
    probability = e / e.sum(axis=1, keepdims=True)
    ignored = _losses.ignored_label(layer)
    labels, valid = _losses.read_labels(layer, bottoms[1], (x.shape[0], x.shape[2]), x.shape[1], ignored)
    at_label = np.take_along_axis(probability, labels[:, None, :], axis=1)[:, 0]
    loss = _losses.normalized(-np.log(np.maximum(at_label, _LEAST)), valid, _mode(layer))
    return [*loss, probability.reshape(bottoms[0].shape)][: len(layer.tops)]
