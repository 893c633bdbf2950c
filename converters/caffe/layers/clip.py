"""Clip: max(min, min(x, max)), so that min wins where it exceeds max (`clip_layer.cpp`).

Without a `clip_param` both bounds are 0, as in Caffe; within one the reader asks for both.
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


@shape_rule("Clip")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom."""
    return like_bottom(layer)


@emission("Clip")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Clip; where min exceeds max, on which the operator is not defined alike everywhere, Min and Max."""
    param = layer.message.clip_param
    low, high = emitter.scalar("min", param.min), emitter.scalar("max", param.max)
    if param.min <= param.max:
        emitter.node("Clip", [layer.bottoms[0], low, high])
        return
    below = emitter.node("Min", [layer.bottoms[0], high], inner="below_max")
    emitter.node("Max", [below[0], low])


@evaluation("Clip")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself."""
    param = layer.message.clip_param
    return [np.maximum(param.min, np.minimum(bottoms[0], param.max))]
