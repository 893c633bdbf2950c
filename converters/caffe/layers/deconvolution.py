"""Deconvolution: the transpose of Convolution (`deconv_layer.cpp`).

Output size: s(x - 1) + d(k - 1) + 1 - 2p, without output padding. Weights are (in, out/group, k...), as
ONNX's ConvTranspose has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._windows import Windows, convolution_shape, every_nth, windows_of
from converters.caffe.layers.registry import Array, Reach, emission, evaluation, macs, reach, shape_rule
from converters.caffe.network import Layer, LayerShape, elements

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Deconvolution")
def shape(layer: Layer) -> LayerShape:
    """Shapes of tops, weight and bias."""
    layer.expect(bottoms=(1, None), tops=(1, None))
    w = windows_of(layer)
    sizes = layer.bottom_shapes[0][w.axis + 1 :]
    spatial = tuple(
        s * (x - 1) + e - 2 * p for x, p, e, s in zip(sizes, w.pad, w.extent, w.stride, strict=True)
    )
    return convolution_shape(layer, w, spatial, (w.channels, w.outputs // w.group, *w.kernel))


@emission("Deconvolution")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One ConvTranspose for each bottom, all with the same initializers."""
    w = windows_of(layer)
    flat = (*layer.blobs[0].values.shape, 1) if not w.kernel else None
    parameters = [emitter.parameter(i, shape=flat if i == 0 else None) for i in range(len(layer.blobs))]
    for slot in range(len(layer.bottoms)):
        emitter.channelled(
            "ConvTranspose",
            slot,
            parameters,
            axis=w.axis,
            kernel_shape=list(w.kernel) or [1],
            strides=list(w.stride) or [1],
            pads=list(w.pad + w.pad) or [0, 0],
            dilations=list(w.dilation) or [1],
            group=w.group,
        )


@evaluation("Deconvolution")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Every kernel tap adds one strided slice of the padded result, from which the padding is cut last."""
    w = windows_of(layer)
    weight = layer.blobs[0].values.astype(np.float64)
    bias = layer.blobs[1].values.astype(np.float64) if w.has_bias else np.zeros(w.outputs)
    return [_spread(bottom, weight, bias, w) for bottom in bottoms]


@macs("Deconvolution")
def count_macs(layer: Layer) -> int:
    """Every input number goes through (outputs / group) * kernel products, what the padding cuts off too."""
    w = windows_of(layer)
    return sum(elements(bottom) for bottom in layer.bottom_shapes) * w.outputs // w.group * elements(w.kernel)


@reach("Deconvolution")
def reaches(layer: Layer) -> Sequence[Reach]:
    """The dilated kernel that one input writes, and the step between inputs in outputs."""
    w = windows_of(layer)
    return [Reach(e, s, is_upsampling=True) for e, s in zip(w.extent, w.stride, strict=True)]


def _spread(bottom: Array, weight: Array, bias: Array, w: Windows) -> Array:
    lead, sizes = bottom.shape[: w.axis], bottom.shape[w.axis + 1 :]
    x = bottom.reshape(-1, w.group, w.channels // w.group, int(np.prod(sizes, dtype=int)))
    grouped = weight.reshape(w.group, w.channels // w.group, w.outputs // w.group, *w.kernel)
    full = tuple(
        s * (n - 1) + d * (k - 1) + 1
        for s, n, d, k in zip(w.stride, sizes, w.dilation, w.kernel, strict=True)
    )
    result = np.zeros((x.shape[0], w.group, w.outputs // w.group, *full))
    for tap in np.ndindex(*w.kernel):
        part = grouped[(slice(None), slice(None), slice(None), *tap)].transpose(0, 2, 1) @ x
        result[every_nth(tap, w, sizes)] += part.reshape(*part.shape[:3], *sizes)
    unpadded = tuple(slice(p, size - p) for p, size in zip(w.pad, full, strict=True))
    inner = result[(slice(None),) * 3 + unpadded]
    inner = inner.reshape(*lead, w.outputs, *inner.shape[3:])
    return np.asarray(inner + bias.reshape(-1, *[1] * len(sizes)))
