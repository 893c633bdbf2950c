"""Threshold: 1 where x > threshold, else 0, also where both are equal (`threshold_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Threshold")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom."""
    return like_bottom(layer)


@emission("Threshold")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Greater, turned into float32 (1 is ONNX's number for it)."""
    bound = emitter.scalar("threshold", layer.message.threshold_param.threshold)
    above = emitter.node("Greater", [layer.bottoms[0], bound], inner="above")
    emitter.node("Cast", above, to=1)


@evaluation("Threshold")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself."""
    return [(bottoms[0] > layer.message.threshold_param.threshold).astype(np.float64)]
