"""ContrastiveLoss: draws similar pairs together, pushes others apart (`contrastive_loss_layer.cpp`).

Of d = |a - b|: d^2 for similar pairs, max(margin - d, 0)^2 for others, in the legacy version max(margin - d^2, 0); the
mean of it, halved. The third bottom says which pairs are similar: those whose flag, cut to an integer, is not 0.
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


@shape_rule("ContrastiveLoss")
def shape(layer: Layer) -> LayerShape:
    """A 0-dimensional top.

    Raises:
        BadInput: CTK505 for the wiring, CTK508 unless both bottoms are rows of one length with one flag each.
    """
    found = _losses.loss_shape(layer, bottoms=(3, 3))
    first, second, flags = (_losses.legacy_shape(layer, slot) for slot in range(3))
    if first != second or first[2:] != (1, 1):
        raise layer.fault(
            "CTK508", f"two equal bottoms of items and channels are needed, not {first}, {second}"
        )
    if flags != (first[0], 1, 1, 1):
        raise layer.fault("CTK508", f"{first[0]} flags are needed, not {layer.bottom_shapes[2]}")
    return found


@emission("ContrastiveLoss")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Both branches, and Where between them."""
    if _losses.is_anonymous(layer, emitter):
        return
    first, second = (
        emitter.node("Flatten", [bottom], inner=f"rows{slot}", axis=1)[0]
        for slot, bottom in enumerate(layer.bottoms[:2])
    )
    difference = emitter.node("Sub", [first, second], inner="difference")[0]
    squares = emitter.node("Mul", [difference, difference], inner="squares")
    distance = emitter.reduce("ReduceSum", squares, [1], inner="distance_squared")[0]
    labels = _losses.emit_labels(emitter, layer.bottoms[2], [-1, 1])
    similar = emitter.node("Cast", [labels.index], inner="is_similar", to=_losses.BOOL)[0]
    apart = _apart(layer, emitter, distance)
    losses = emitter.node("Where", [similar, distance, apart], inner="losses")
    mean = emitter.node("ReduceMean", losses, inner="mean", keepdims=0)
    emitter.node("Mul", [mean[0], emitter.scalar("half", 0.5)])


def _apart(layer: Layer, emitter: Emitter, distance: str) -> str:
    param = layer.message.contrastive_loss_param
    margin = emitter.scalar("margin", param.margin)
    if not param.legacy_version:
        distance = emitter.node("Sqrt", [distance], inner="distance")[0]
    missing = emitter.node("Sub", [margin, distance], inner="missing")
    bounded = emitter.node("Relu", missing, inner="missing_bounded")[0]
    return bounded if param.legacy_version else emitter.node("Mul", [bounded, bounded], inner="apart")[0]


@evaluation("ContrastiveLoss")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself."""
    param = layer.message.contrastive_loss_param
    difference = bottoms[0].reshape(bottoms[0].shape[0], -1) - bottoms[1].reshape(bottoms[1].shape[0], -1)
    squared = np.sum(difference**2, axis=1)
    if param.legacy_version:
        apart = np.maximum(param.margin - squared, 0)
    else:
        apart = np.maximum(param.margin - np.sqrt(squared), 0) ** 2
    losses = np.where(np.trunc(bottoms[2].ravel()) != 0, squared, apart)
    return [np.asarray(losses.mean() / 2)][: len(layer.tops)]
