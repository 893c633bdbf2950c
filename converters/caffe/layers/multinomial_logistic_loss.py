"""MultinomialLogisticLoss: the mean of -log(probability at the label) (`multinomial_logistic_loss_layer.cpp`).

The first bottom holds probabilities, which count as 1e-20 at least; all axes behind the batch are classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers import _losses
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

_LEAST = 1e-20  # Caffe's kLOG_THRESHOLD


@shape_rule("MultinomialLogisticLoss")
def shape(layer: Layer) -> LayerShape:
    """A 0-dimensional top.

    Raises:
        BadInput: CTK505 for the wiring, CTK508 unless there is one label for each item.
    """
    found = _losses.loss_shape(layer)
    _losses.legacy_shape(layer, 0)
    if _losses.legacy_shape(layer, 1)[1:] != (1, 1, 1):
        raise layer.fault("CTK508", f"one label is needed for each item, not {layer.bottom_shapes[1]}")
    return found


@emission("MultinomialLogisticLoss")
def emit(layer: Layer, emitter: Emitter) -> None:
    """The probabilities, looked up at the labels."""
    if _losses.is_anonymous(layer, emitter):
        return
    rows = emitter.node("Flatten", layer.bottoms[:1], inner="rows", axis=1)
    labels = _losses.emit_labels(emitter, layer.bottoms[1], [-1, 1])
    picked = emitter.node("GatherElements", [rows[0], labels.index], inner="at_label", axis=1)
    least = emitter.scalar("least", _LEAST)
    bounded = emitter.node("Max", [picked[0], least], inner="probability")
    logs = emitter.node("Log", bounded, inner="log_probability")
    losses = emitter.node("Neg", logs, inner="losses")
    emitter.node("ReduceMean", losses, keepdims=0)


@evaluation("MultinomialLogisticLoss")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula on (items, classes)."""
    rows = bottoms[0].reshape(bottoms[0].shape[0], -1)
    labels, _ = _losses.read_labels(layer, bottoms[1], (rows.shape[0],), rows.shape[1], None)
    at_label = rows[np.arange(rows.shape[0]), labels]
    return [np.asarray(-np.log(np.maximum(at_label, _LEAST)).mean())][: len(layer.tops)]
