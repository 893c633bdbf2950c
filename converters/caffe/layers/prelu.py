"""PReLU: max(x, 0) + slope * min(x, 0), one slope for each channel or one for all (`prelu_layer.cpp`).

The channels are axis 1. Caffe fills a missing slope with 0.25 unless a filler is stated; that default is
nobody's statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import BlobSpec, Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("PReLU")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom; blob slope of shape (channels,), or () when shared.

    Raises:
        BadInput: CTK508 for a bottom of fewer than 2 or more than 4 axes, on which Caffe fails.
    """
    found = like_bottom(layer)
    bottom = layer.bottom_shapes[0]
    if not 2 <= len(bottom) <= 4:
        raise layer.fault("CTK508", f"PReLU takes 2 to 4 axes, the bottom has shape {bottom}")
    param = layer.message.prelu_param
    slope = () if param.channel_shared else (bottom[1],)
    spec = BlobSpec("slope", slope, param.filler if param.HasField("filler") else None, 0.25)
    return LayerShape(found.tops, (spec,))


@emission("PReLU")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One PRelu; the slope gets ones behind it to lie along axis 1."""
    channels = layer.blobs[0].values.size
    spatial = len(layer.bottom_shapes[0]) - 2
    emitter.node("PRelu", [layer.bottoms[0], emitter.parameter(0, shape=(channels, *[1] * spatial))])


@evaluation("PReLU")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself, with the channels moved last."""
    x = np.moveaxis(bottoms[0], 1, -1)
    slope = layer.blobs[0].values.astype(np.float64)
    return [np.moveaxis(np.maximum(x, 0) + slope * np.minimum(x, 0), -1, 1)]
