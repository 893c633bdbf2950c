"""SigmoidCrossEntropyLoss: -t log(s) - (1 - t) log(1 - s) of s = sigmoid(x) (`sigmoid_cross_entropy_loss_layer.cpp`).

In the form that cannot overflow: max(x, 0) - x t + log(1 + e^-|x|).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers import _losses
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape, elements

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("SigmoidCrossEntropyLoss")
def shape(layer: Layer) -> LayerShape:
    """A 0-dimensional top.

    Raises:
        BadInput: CTK505 for the wiring, CTK508 unless there is one target for each number.
    """
    found = _losses.loss_shape(layer)
    first, second = layer.bottom_shapes
    if elements(first) != elements(second):
        raise layer.fault("CTK508", f"bottoms of shapes {first} and {second} differ in number")
    return found


def _mode(layer: Layer) -> int:
    """`normalization`, else what the older `normalize` says, else BATCH_SIZE."""
    param = layer.message.loss_param
    if param.HasField("normalization"):
        return param.normalization
    valid = param.HasField("normalize") and param.normalize
    return _losses.NORMALIZED_BY.VALID if valid else _losses.NORMALIZED_BY.BATCH_SIZE


@emission("SigmoidCrossEntropyLoss")
def emit(layer: Layer, emitter: Emitter) -> None:
    """The formula in rows, one for each item."""
    if _losses.is_anonymous(layer, emitter):
        return
    x, target = (
        emitter.node("Flatten", [bottom], inner=name, axis=1)[0]
        for name, bottom in zip(("rows", "target_rows"), layer.bottoms, strict=True)
    )
    positive = emitter.node("Relu", [x], inner="positive")[0]
    product = emitter.node("Mul", [x, target], inner="product")[0]
    linear = emitter.node("Sub", [positive, product], inner="linear")[0]
    size = emitter.node("Abs", [x], inner="size")
    negative = emitter.node("Neg", size, inner="negative_size")
    tail = emitter.node("Softplus", negative, inner="tail")
    losses = emitter.node("Add", [linear, tail[0]], inner="losses")
    _losses.emit_normalized(emitter, losses[0], _valid(layer, emitter, target), _mode(layer), [1])


def _valid(layer: Layer, emitter: Emitter, target: str) -> str | None:
    ignored = _losses.ignored_label(layer)
    if ignored is None:
        return None
    integers = emitter.node("Cast", [target], inner="targets_integer", to=_losses.INT64)
    return _losses.emit_ignored(emitter, integers[0], ignored)[1]


@evaluation("SigmoidCrossEntropyLoss")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself; targets are cut to integers only to compare them with the ignored one."""
    x, target = (bottom.reshape(bottom.shape[0], -1) for bottom in bottoms)
    losses = np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))
    ignored = _losses.ignored_label(layer)
    valid = np.ones(x.shape, bool) if ignored is None else np.trunc(target) != ignored
    return _losses.normalized(losses, valid, _mode(layer))[: len(layer.tops)]
