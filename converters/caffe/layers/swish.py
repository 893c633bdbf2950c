"""Swish: x / (1 + e^(-beta x)) (`swish_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Swish")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom."""
    return like_bottom(layer)


@emission("Swish")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Sigmoid of beta x, times x (ONNX has Swish from opset 24 only)."""
    (x,) = layer.bottoms
    beta = layer.message.swish_param.beta
    scaled = [x] if beta == 1 else emitter.node("Mul", [x, emitter.scalar("beta", beta)], inner="scaled")
    gate = emitter.node("Sigmoid", scaled, inner="sigmoid")
    emitter.node("Mul", [x, gate[0]])


@evaluation("Swish")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself; expit does not overflow."""
    from scipy.special import expit

    (x,) = bottoms
    return [x * expit(layer.message.swish_param.beta * x)]
