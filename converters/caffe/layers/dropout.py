"""Dropout: at TEST the bottom itself, not scaled (`dropout_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, keeps_values, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

keeps_values("Dropout", when=lambda layer: not layer.trains)  # a copy onto itself changes nothing


@shape_rule("Dropout")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom.

    Raises:
        BadInput: CTK507 when the layer itself says ``phase: TRAIN``, for then it draws random numbers.
    """
    if layer.trains:
        raise layer.fault(
            "CTK507",
            "a Dropout that says phase: TRAIN is random at TEST too",
            "remove that phase; to drop the layer at TEST, write include { phase: TRAIN }",
        )
    return like_bottom(layer)


@emission("Dropout")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Identity, so that the name of the top stays."""
    emitter.node("Identity", layer.bottoms)


@evaluation("Dropout")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:  # noqa: ARG001
    """The bottom."""
    return [bottoms[0]]
