"""ELU: max(x, 0) + alpha (e^min(x, 0) - 1) (`elu_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("ELU")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom."""
    return like_bottom(layer)


@emission("ELU")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One Elu."""
    emitter.node("Elu", layer.bottoms, alpha=layer.message.elu_param.alpha)


@evaluation("ELU")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself."""
    (x,) = bottoms
    return [np.maximum(x, 0) + layer.message.elu_param.alpha * np.expm1(np.minimum(x, 0))]
