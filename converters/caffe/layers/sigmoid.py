"""Sigmoid: 1 / (1 + e^-x) (`sigmoid_layer.cpp`); the field `engine` changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Sigmoid")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom."""
    return like_bottom(layer)


@emission("Sigmoid")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One Sigmoid."""
    emitter.node("Sigmoid", layer.bottoms)


@evaluation("Sigmoid")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:  # noqa: ARG001
    """By the hyperbolic tangent, as Caffe does: it cannot overflow."""
    return [0.5 * np.tanh(0.5 * bottoms[0]) + 0.5]
