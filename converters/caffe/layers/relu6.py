"""ReLU6 of the MobileNet forks: min(max(x, 0) + negative_slope * min(x, 0), 6).

The formula is that of `relu6_layer.cpp` in eric612/Caffe-YOLOv3-Windows, whose field `negative_slope` the
schema has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("ReLU6")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom."""
    return like_bottom(layer)


@emission("ReLU6")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Clip to 0 and 6; with a slope LeakyRelu, then Min."""
    slope = layer.message.relu6_param.negative_slope
    six = emitter.scalar("six", 6)
    if slope == 0:
        emitter.node("Clip", [layer.bottoms[0], emitter.scalar("zero", 0), six])
        return
    leaky = emitter.node("LeakyRelu", layer.bottoms, inner="leaky", alpha=slope)
    emitter.node("Min", [leaky[0], six])


@evaluation("ReLU6")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself."""
    (x,) = bottoms
    slope = layer.message.relu6_param.negative_slope
    return [np.minimum(np.maximum(x, 0) + slope * np.minimum(x, 0), 6)]
