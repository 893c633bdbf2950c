"""Normalize of SSD: division by the L2 norm, then a scale.

After `normalize_layer.cpp` in weiliu89/caffe: y = scale * x / sqrt(eps + sum of x^2), eps within the root. The
sum goes over all of an item (`across_spatial`, the default) or over the channels of each pixel; the scale is
one number (`channel_shared`, the default) or one for each channel. OpenCV's importer computes the same
(`normalize_bbox_layer.cpp`), but refuses a sum over all of an item with one scale for each channel. SSD fills a
missing scale with 1 unless a filler is stated; that default is nobody's statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, Reach, emission, evaluation, reach, shape_rule
from converters.caffe.network import BlobSpec, Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Normalize")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom; blob scale of shape () when shared, else (channels,).

    Raises:
        BadInput: CTK508 for a bottom of fewer than 2 or more than 4 axes, on which the layer fails.
    """
    found = like_bottom(layer)
    bottom = layer.bottom_shapes[0]
    if not 2 <= len(bottom) <= 4:
        raise layer.fault("CTK508", f"Normalize takes 2 to 4 axes, the bottom has shape {bottom}")
    param = layer.message.norm_param
    scale = () if param.channel_shared else (bottom[1],)
    spec = BlobSpec("scale", scale, param.scale_filler if param.HasField("scale_filler") else None, 1.0)
    return LayerShape(found.tops, (spec,))


@emission("Normalize")
def emit(layer: Layer, emitter: Emitter) -> None:
    """The formula written out: LpNormalization has no eps."""
    param = layer.message.norm_param
    rank = len(layer.bottom_shapes[0])
    axes = list(range(1, rank)) if param.across_spatial else [1]
    squares = emitter.reduce("ReduceSumSquare", layer.bottoms, axes, inner="squares")
    raised = emitter.node("Add", [squares[0], emitter.scalar("eps", param.eps)], inner="squares_eps")
    norm = emitter.node("Sqrt", raised, inner="norm")
    unit = emitter.node("Div", [layer.bottoms[0], norm[0]], inner="normalized")
    scale = emitter.parameter(0, shape=(layer.blobs[0].values.size, *[1] * (rank - 2)))
    emitter.node("Mul", [unit[0], scale])


@evaluation("Normalize")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself, on (item, channel, pixel)."""
    param = layer.message.norm_param
    x = bottoms[0].reshape(*bottoms[0].shape[:2], -1)
    squares = np.einsum("ncp,ncp->n" if param.across_spatial else "ncp,ncp->np", x, x)
    squares = squares.reshape(len(x), 1, -1)
    scale = layer.blobs[0].values.astype(np.float64).reshape(-1, 1)
    with np.errstate(invalid="ignore"):  # 0/0 for a blob of zeros and eps 0
        return [(scale * (x / np.sqrt(squares + param.eps))).reshape(bottoms[0].shape)]


@reach("Normalize")
def reaches(layer: Layer) -> Sequence[Reach]:
    """The whole picture, or one position."""
    across = layer.message.norm_param.across_spatial
    return [Reach(size if across else 1, 1, is_upsampling=False) for size in layer.bottom_shapes[0][2:]]
