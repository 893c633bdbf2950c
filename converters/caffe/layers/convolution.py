"""Convolution: cross-correlation over any number of spatial axes (`conv_layer.cpp`).

Output size: (x + 2p - (d(k - 1) + 1)) / s + 1 with C's division towards zero, so that a kernel that reaches
beyond the padded bottom by less than a stride still fits once; what it meets there is zero. Weights are
(out, in/group, k...).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._windows import Windows, convolution_shape, every_nth, pads_behind, windows_of
from converters.caffe.layers.registry import Array, Reach, emission, evaluation, macs, reach, shape_rule
from converters.caffe.network import Layer, LayerShape, elements

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Convolution")
def shape(layer: Layer) -> LayerShape:
    """Shapes of tops, weight and bias."""
    layer.expect(bottoms=(1, None), tops=(1, None))
    w = windows_of(layer)
    sizes = layer.bottom_shapes[0][w.axis + 1 :]
    spatial = tuple(
        int((x + 2 * p - e) / s) + 1 for x, p, e, s in zip(sizes, w.pad, w.extent, w.stride, strict=True)
    )
    return convolution_shape(layer, w, spatial, (w.outputs, w.channels // w.group, *w.kernel))


@emission("Convolution")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One Conv for each bottom, all with the same initializers."""
    w = windows_of(layer)
    parameters = [emitter.parameter(i, shape=_at_least_1d(w, i, layer)) for i in range(len(layer.blobs))]
    for slot in range(len(layer.bottoms)):
        emitter.channelled(
            "Conv",
            slot,
            parameters,
            axis=w.axis,
            kernel_shape=list(w.kernel) or [1],
            strides=list(w.stride) or [1],
            pads=[*w.pad, *pads_behind(layer, emitter, w)] or [0, 0],
            dilations=list(w.dilation) or [1],
            group=w.group,
        )


@evaluation("Convolution")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Sum over kernel taps of one matrix product each; no tap matrix is ever built."""
    w = windows_of(layer)
    weight = layer.blobs[0].values.astype(np.float64)
    bias = layer.blobs[1].values.astype(np.float64) if w.has_bias else np.zeros(w.outputs)
    return [_correlate(bottom, weight, bias, w) for bottom in bottoms]


@macs("Convolution")
def count_macs(layer: Layer) -> int:
    """Every output number takes (channels / group) * kernel products."""
    w = windows_of(layer)
    return sum(elements(top) for top in layer.top_shapes) * w.channels // w.group * elements(w.kernel)


@reach("Convolution")
def reaches(layer: Layer) -> Sequence[Reach]:
    """The dilated kernel, at the stride."""
    w = windows_of(layer)
    return [Reach(e, s, is_upsampling=False) for e, s in zip(w.extent, w.stride, strict=True)]


def _correlate(bottom: Array, weight: Array, bias: Array, w: Windows) -> Array:
    lead, sizes = bottom.shape[: w.axis], bottom.shape[w.axis + 1 :]
    x = bottom.reshape(-1, w.group, w.channels // w.group, *sizes)
    reach_of = [d * (k - 1) + 1 for d, k in zip(w.dilation, w.kernel, strict=True)]
    beyond = [max(0, r - size - 2 * p) for r, size, p in zip(reach_of, sizes, w.pad, strict=True)]
    padded = np.pad(x, [(0, 0)] * 3 + [(p, p + more) for p, more in zip(w.pad, beyond, strict=True)])
    out_sizes = tuple(
        1 if more else (size + 2 * p - r) // s + 1
        for size, p, r, s, more in zip(sizes, w.pad, reach_of, w.stride, beyond, strict=True)
    )
    grouped = weight.reshape(w.group, w.outputs // w.group, w.channels // w.group, *w.kernel)
    total = np.zeros((x.shape[0], w.group, w.outputs // w.group, int(np.prod(out_sizes, dtype=int))))
    for tap in np.ndindex(*w.kernel):
        window = padded[every_nth(tap, w, out_sizes)]
        taps = grouped[(slice(None), slice(None), slice(None), *tap)]
        total += taps @ window.reshape(*window.shape[:3], -1)
    total += bias.reshape(w.group, -1, 1)
    return total.reshape(*lead, w.outputs, *out_sizes)


def _at_least_1d(w: Windows, index: int, layer: Layer) -> tuple[int, ...] | None:
    """ONNX wants one spatial axis at least; Caffe convolves blobs without any."""
    return (*layer.blobs[0].values.shape, 1) if index == 0 and not w.kernel else None
