"""TanH: the hyperbolic tangent (`tanh_layer.cpp`); the field `engine` changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("TanH")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom."""
    return like_bottom(layer)


@emission("TanH")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One Tanh."""
    emitter.node("Tanh", layer.bottoms)


@evaluation("TanH")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:  # noqa: ARG001
    """The formula itself."""
    return [np.tanh(bottoms[0])]
