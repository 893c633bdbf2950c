"""LRN: division by a power of the mean of squares nearby (`lrn_layer.cpp`).

ACROSS_CHANNELS: x / (k + alpha / size * sum)^beta, summed over the `local_size` channels around.
WITHIN_CHANNEL: x / (1 + alpha * mean)^beta, a mean over size x size pixels around that counts zeros beyond
the border; k is not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, Reach, emission, evaluation, reach, shape_rule
from converters.caffe.network import MOST_ELEMENTS, Layer, LayerShape
from converters.caffe.schema import LRNParameter

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


_WITHIN = LRNParameter.WITHIN_CHANNEL


@shape_rule("LRN")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom.

    Raises:
        BadInput: CTK505 in place across channels, where Caffe overwrites what it still needs; CTK507 for a
            size that is even or too large for Caffe; CTK508 unless there are four axes.
    """
    found = like_bottom(layer)
    bottom = layer.bottom_shapes[0]
    if len(bottom) != 4:
        raise layer.fault("CTK508", f"LRN takes four axes, the bottom has shape {bottom}")
    param = layer.message.lrn_param
    if param.local_size % 2 == 0:
        raise layer.fault("CTK507", f"local_size {param.local_size} must be odd")
    if _largest_count(layer) > MOST_ELEMENTS:
        raise layer.fault("CTK507", f"local_size {param.local_size} is too large")
    if layer.in_place and param.norm_region != _WITHIN:
        raise layer.fault("CTK505", "an LRN across channels cannot run in place: give its top another name")
    return found


def _largest_count(layer: Layer) -> int:
    """What Caffe counts in an int: elements of the blob with padded channels, or pixels of a window."""
    _, channels, height, width = layer.bottom_shapes[0]
    size = layer.message.lrn_param.local_size
    if layer.message.lrn_param.norm_region == _WITHIN:
        return size * size
    return (channels + size - 1) * height * width


@emission("LRN")
def emit(layer: Layer, emitter: Emitter) -> None:
    """LRN across channels, where runtimes take it (both exponent and alpha above 0); else written out."""
    param = layer.message.lrn_param
    if param.norm_region == _WITHIN:
        _emit_within(layer, emitter)
    elif param.alpha > 0 and param.beta > 0:
        emitter.node(
            "LRN", layer.bottoms, alpha=param.alpha, beta=param.beta, bias=param.k, size=param.local_size
        )
    else:
        _emit_across(layer, emitter)


def _emit_within(layer: Layer, emitter: Emitter) -> None:
    size = layer.message.lrn_param.local_size
    (x,) = layer.bottoms
    squared = emitter.node("Mul", [x, x], inner="squared")
    mean = emitter.node("AveragePool", squared, inner="mean", **_window([size, size]))
    _emit_quotient(layer, emitter, mean[0], 1)


def _emit_across(layer: Layer, emitter: Emitter) -> None:
    """With channels and rows swapped, the channels are a spatial axis that AveragePool can go along."""
    (x,) = layer.bottoms
    squared = emitter.node("Mul", [x, x], inner="squared")
    swapped = emitter.node("Transpose", squared, inner="swapped", perm=[0, 2, 1, 3])
    window = _window([layer.message.lrn_param.local_size, 1])
    mean = emitter.node("AveragePool", swapped, inner="swapped_mean", **window)
    restored = emitter.node("Transpose", mean, inner="mean", perm=[0, 2, 1, 3])
    _emit_quotient(layer, emitter, restored[0], layer.message.lrn_param.k)


def _window(kernel: list[int]) -> dict[str, Any]:
    pads = [(size - 1) // 2 for size in kernel]
    return {"kernel_shape": kernel, "pads": pads + pads, "strides": [1, 1], "count_include_pad": 1}


def _emit_quotient(layer: Layer, emitter: Emitter, mean: str, offset: float) -> None:
    param = layer.message.lrn_param
    scaled = emitter.node("Mul", [mean, emitter.scalar("alpha", param.alpha)], inner="scaled")
    raised = emitter.node("Add", [scaled[0], emitter.scalar("k", offset)], inner="offset")
    power = emitter.node("Pow", [raised[0], emitter.scalar("exponent", -param.beta)], inner="factor")
    emitter.node("Mul", [layer.bottoms[0], power[0]])


@evaluation("LRN")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself, with windows as views."""
    (x,) = bottoms
    param = layer.message.lrn_param
    within = param.norm_region == _WITHIN
    mean = np.square(x)
    for axis in (2, 3) if within else (1,):
        mean = _sums(mean, param.local_size, axis) / param.local_size
    with np.errstate(all="ignore"):  # a negative k gives NaN in Caffe too
        return [x * np.power((1 if within else param.k) + param.alpha * mean, -param.beta)]


def _sums(values: Array, size: int, axis: int) -> Array:
    """Sums over windows of ``size`` along one axis; the part beyond both ends is left out, being 0."""
    half = min((size - 1) // 2, values.shape[axis] - 1)
    padding = [(half, half) if at == axis else (0, 0) for at in range(values.ndim)]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, padding), 2 * half + 1, axis=axis)
    return np.asarray(windows.sum(axis=-1))


@reach("LRN")
def reaches(layer: Layer) -> Sequence[Reach]:
    """The window within channels; across them, one position."""
    param = layer.message.lrn_param
    return [Reach(param.local_size, 1, is_upsampling=False)] * 2 if param.norm_region == _WITHIN else []
