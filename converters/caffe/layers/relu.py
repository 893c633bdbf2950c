"""ReLU: max(x, 0) + negative_slope * min(x, 0) (`relu_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("ReLU")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom."""
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    return LayerShape((layer.bottom_shapes[0],))


@emission("ReLU")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Relu, or LeakyRelu when there is a slope."""
    slope = layer.message.relu_param.negative_slope
    if slope == 0:
        emitter.node("Relu", layer.bottoms)
    else:
        emitter.node("LeakyRelu", layer.bottoms, alpha=slope)


@evaluation("ReLU")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself."""
    (x,) = bottoms
    return [np.maximum(x, 0) + np.float64(layer.message.relu_param.negative_slope) * np.minimum(x, 0)]
