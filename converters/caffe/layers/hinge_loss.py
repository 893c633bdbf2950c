"""HingeLoss: the sum of max(0, 1 - d x), d being 1 for the labelled class and -1 for others (`hinge_loss_layer.cpp`).

`norm: L2` sums squares instead. The sum is divided by the batch; all axes behind it are classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers import _losses
from converters.caffe.layers._dynamic_sizes import needs_fixed_sizes
from converters.caffe.layers._listed import refuse_long_list
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape, elements
from converters.caffe.schema import HingeLossParameter

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("HingeLoss")
def shape(layer: Layer) -> LayerShape:
    """A 0-dimensional top.

    Raises:
        BadInput: CTK505 for the wiring, CTK508 unless there is one label for each item.
    """
    found = _losses.loss_shape(layer)
    items = _losses.legacy_shape(layer, 0)[0]
    if elements(layer.bottom_shapes[1]) != items:
        raise layer.fault("CTK508", f"{items} labels are needed, not {layer.bottom_shapes[1]}")
    return found


@emission("HingeLoss")
def emit(layer: Layer, emitter: Emitter) -> None:
    """The sign turned where the class is the label's.

    Raises:
        UsageFault: CTK604 for a dynamic number of classes, and for more than 2**18 of them.
    """
    if _losses.is_anonymous(layer, emitter):
        return
    if None in emitter.dims(layer.bottoms[0])[1:]:
        raise needs_fixed_sizes(layer, "the class axis")
    count = elements(layer.bottom_shapes[0][1:])
    refuse_long_list(layer, count, "classes")
    rows = emitter.node("Flatten", layer.bottoms[:1], inner="rows", axis=1)[0]
    labels = _losses.emit_labels(emitter, layer.bottoms[1], [-1, 1])
    classes = emitter.constant("class_numbers", np.arange(count, dtype=np.int64))
    is_label = emitter.node("Equal", [labels.index, classes], inner="is_label")[0]
    turned = emitter.node("Neg", [rows], inner="turned")[0]
    signed = emitter.node("Where", [is_label, turned, rows], inner="signed")[0]
    one = emitter.scalar("one", 1)
    raised = emitter.node("Add", [signed, one], inner="margins")
    losses = emitter.node("Relu", raised, inner="losses")
    if layer.message.hinge_loss_param.norm == HingeLossParameter.L2:
        losses = emitter.node("Mul", [losses[0], losses[0]], inner="squares")
    per_item = emitter.reduce("ReduceSum", losses, [1], inner="per_item")
    emitter.node("ReduceMean", per_item, keepdims=0)


@evaluation("HingeLoss")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula on (items, classes)."""
    rows = bottoms[0].reshape(bottoms[0].shape[0], -1)
    labels, _ = _losses.read_labels(layer, bottoms[1], (rows.shape[0],), rows.shape[1], None)
    sign = np.ones_like(rows)
    sign[np.arange(rows.shape[0]), labels] = -1
    losses = np.maximum(0, 1 + sign * rows)
    power = 2 if layer.message.hinge_loss_param.norm == HingeLossParameter.L2 else 1
    return [np.asarray(np.sum(losses**power) / rows.shape[0])][: len(layer.tops)]
