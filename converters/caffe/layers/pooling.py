"""Pooling: MAX and AVE over windows of height and width, with Caffe's size rule (`pooling_layer.cpp`).

MAX ignores padding and starts at -FLT_MAX, which a window wholly outside keeps; its second top is h * W + w of
the first maximum. AVE divides the sum by the window clipped to size + pad. STOCHASTIC has no CPU code in Caffe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from converters.caffe.layers._dynamic_sizes import needs_fixed_sizes
from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers._pooling_windows import PoolingAxis, pooling_axes
from converters.caffe.layers._sizes import sizes_of
from converters.caffe.layers.registry import Array, Reach, emission, evaluation, reach, shape_rule
from converters.caffe.network import Layer, LayerShape
from converters.caffe.schema import PoolingParameter

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

_LOWEST = float(np.finfo(np.float32).min)  # Caffe's -FLT_MAX


@shape_rule("Pooling")
def shape(layer: Layer) -> LayerShape:
    """(n, c, h, w) to (n, c, pooled h, pooled w); the mask, a second top of MAX, has the same shape.

    Raises:
        BadInput: CTK507 for parameters that Caffe refuses and for STOCHASTIC, CTK508 for a bottom without four
            axes or sizes that leave no window.
    """
    param = layer.message.pooling_param
    layer.expect(bottoms=(1, 1), tops=(1, 2 if param.pool == PoolingParameter.MAX else 1))
    refuse_in_place(layer, "the top is smaller than the bottom")
    if param.pool == PoolingParameter.STOCHASTIC:
        raise layer.fault("CTK507", "STOCHASTIC pooling has no defined result: Caffe has no CPU code for it")
    bottom = layer.bottom_shapes[0]
    if len(bottom) != 4:
        raise layer.fault("CTK508", f"Pooling takes a bottom of four axes, this one has shape {bottom}")
    axes = pooling_axes(layer)
    pooled = tuple(axis.outputs(size) for axis, size in zip(axes, bottom[2:], strict=True))
    if min(pooled) < 1:
        raise layer.fault(
            "CTK508",
            f"the kernel {axes[0].kernel}x{axes[1].kernel} does not fit into the padded bottom {bottom}",
        )
    if param.pool == PoolingParameter.AVE:
        _refuse_zero_by_zero(layer, axes)
    return LayerShape(((*bottom[:2], *pooled),) * len(layer.tops))


def _refuse_zero_by_zero(layer: Layer, axes: Sequence[PoolingAxis]) -> None:
    for axis, size in zip(axes, layer.bottom_shapes[0][2:], strict=True):
        if axis.last_start(size) == size:
            raise layer.fault(
                "CTK508", "the last window starts right behind the bottom, where Caffe divides 0 by 0"
            )


@reach("Pooling")
def reaches(layer: Layer) -> Sequence[Reach]:
    """The kernel, at the stride."""
    return [Reach(axis.kernel, axis.stride, is_upsampling=False) for axis in pooling_axes(layer)]


@emission("Pooling")
def emit(layer: Layer, emitter: Emitter) -> None:
    """MaxPool or AveragePool, always rounding down over explicit pads.

    Runtimes differ on ceil_mode: in whether it drops a window in the padding, and in its divisor.
    """
    param = layer.message.pooling_param
    is_max = param.pool == PoolingParameter.MAX
    if param.global_pooling:
        emitter.node("GlobalMaxPool" if is_max else "GlobalAveragePool", layer.bottoms)
        if len(layer.tops) == 2:
            _emit_global_mask(layer, emitter)
        return
    axes = pooling_axes(layer)
    sizes = emitter.dims(layer.bottoms[0])[2:]
    if any(
        axis.may_be_empty if size is None else axis.is_last_empty(size)
        for axis, size in zip(axes, sizes, strict=True)
    ):
        _emit_with_empty_window(layer, emitter, axes, sizes)
        return
    ends = [axis.end_pad(size) for axis, size in zip(axes, sizes, strict=True)]
    if not is_max:
        _emit_average(layer, emitter, axes, ends)
    elif len(layer.tops) == 1:
        emitter.node("MaxPool", layer.bottoms, **_windows(axes, ends))
    else:
        pooled = emitter.node("MaxPool", layer.bottoms, also=["flat_index"], **_windows(axes, ends))
        _emit_mask(layer, emitter, pooled[1], inner=None)


def _windows(axes: Sequence[PoolingAxis], ends: Sequence[int], *, padded: bool = False) -> dict[str, Any]:
    """Attributes of a pooling node; ``padded`` says that the pads in front are there already."""
    return {
        "kernel_shape": [axis.kernel for axis in axes],
        "strides": [axis.stride for axis in axes],
        "pads": [0 if padded else axis.pad for axis in axes] + list(ends),
    }


def _emit_average(layer: Layer, emitter: Emitter, axes: Sequence[PoolingAxis], ends: Sequence[int]) -> None:
    pads = [axis.pad for axis in axes]
    if not any(pads):
        emitter.node("AveragePool", layer.bottoms, count_include_pad=0, **_windows(axes, ends))
    elif all(end <= pad for end, pad in zip(ends, pads, strict=True)):
        # No window reaches beyond the padding: the divisor is the whole kernel.
        emitter.node("AveragePool", layer.bottoms, count_include_pad=1, **_windows(axes, ends))
    else:
        # Caffe's padding counts, what lies beyond it does not: the first as numbers, the second as pads.
        padded = _padded(emitter, layer.bottoms[0], pads, pads, 0.0, inner="padded")
        beyond = [max(0, end - pad) for end, pad in zip(ends, pads, strict=True)]
        emitter.node("AveragePool", padded, count_include_pad=0, **_windows(axes, beyond, padded=True))


def _emit_with_empty_window(
    layer: Layer, emitter: Emitter, axes: Sequence[PoolingAxis], sizes: Sequence[int | None]
) -> None:
    """Windows wholly outside occur without padding only, and only as the last of an axis."""
    is_max = layer.message.pooling_param.pool == PoolingParameter.MAX
    if None in sizes:
        if not is_max or len(layer.tops) == 2:
            raise needs_fixed_sizes(layer, "a stride above the kernel without pad")
        ends = [axis.end_pad(size) for axis, size in zip(axes, sizes, strict=True)]
        padded = _padded(emitter, layer.bottoms[0], [0, 0], ends, _LOWEST, inner="padded")
        emitter.node("MaxPool", padded, **_windows(axes, [0, 0]))
        return
    known = [(axis, size) for axis, size in zip(axes, sizes, strict=True) if size is not None]
    empty = [int(axis.is_last_empty(size)) for axis, size in known]
    ends = [0 if none else axis.end_pad(size) for none, (axis, size) in zip(empty, known, strict=True)]
    if is_max:
        also = ["flat_index"] if len(layer.tops) == 2 else []
        pooled = emitter.node("MaxPool", layer.bottoms, inner="inside", also=also, **_windows(axes, ends))
    else:
        also = []
        pooled = emitter.node(
            "AveragePool", layer.bottoms, inner="inside", count_include_pad=0, **_windows(axes, ends)
        )
    _padded(emitter, pooled[0], [0, 0], empty, _LOWEST if is_max else 0.0)
    if also:
        mask = _emit_mask(layer, emitter, pooled[1], inner="mask_inside")
        _padded(emitter, mask, [0, 0], empty, -1.0, slot=1)


def _padded(
    emitter: Emitter,
    value: str,
    before: Sequence[int],
    behind: Sequence[int],
    number: float,
    *,
    inner: str | None = None,
    slot: int = 0,
) -> list[str]:
    """Pads height and width with a number."""
    label = inner or f"top{slot}"
    pads = emitter.constant(f"{label}_pads", np.asarray([0, 0, *before, 0, 0, *behind], np.int64))
    return emitter.node(
        "Pad",
        [value, pads, emitter.scalar(f"{label}_number", number)],
        inner=inner,
        slot=slot,
        mode="constant",
    )


def _emit_mask(layer: Layer, emitter: Emitter, flat_index: str, *, inner: str | None) -> str:
    """ONNX counts through the whole tensor, Caffe through one plane."""
    height, width = emitter.dims(layer.bottoms[0])[2:]
    if height is not None and width is not None:
        plane = emitter.constant("plane", np.asarray(height * width, np.int64))
    else:
        sides = sizes_of(emitter, layer.bottoms[0], [2, 3], "plane_sides")
        plane = emitter.node("ReduceProd", [sides], inner="plane", keepdims=1)[0]
    index = emitter.node("Mod", [flat_index, plane], inner="index")
    return emitter.node("Cast", index, inner=inner, slot=1, to=_FLOAT)[0]


_FLOAT = 1  # onnx.TensorProto.FLOAT


def _emit_global_mask(layer: Layer, emitter: Emitter) -> None:
    flat = emitter.reshaped(layer.bottoms[0], [0, 0, -1], inner="planes")
    index = emitter.node("ArgMax", flat, inner="index", axis=2, keepdims=1)
    as_float = emitter.node("Cast", index, inner="index_float", to=_FLOAT)
    emitter.reshaped(as_float[0], [0, 0, 1, 1], slot=1)


@evaluation("Pooling")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Width first, then height, one tap after the other: both the maximum and the sum are separable."""
    (x,) = bottoms
    height, width = pooling_axes(_at_size(layer, x))
    if layer.message.pooling_param.pool == PoolingParameter.AVE:
        sums = _window_sum(_window_sum(x, width).swapaxes(2, 3), height).swapaxes(2, 3)
        areas = np.outer(_divisors(height, x.shape[2]), _divisors(width, x.shape[3]))
        return [np.asarray(sums / areas)]
    row_best, column = _window_max(x, np.broadcast_to(np.arange(x.shape[3]), x.shape), width)
    row = np.broadcast_to(np.arange(x.shape[2]).reshape(-1, 1), column.shape)
    index = np.where(column < 0, -1, row * x.shape[3] + column)
    best, mask = _window_max(row_best.swapaxes(2, 3), index.swapaxes(2, 3), height)
    return [best.swapaxes(2, 3), mask.swapaxes(2, 3).astype(np.float64)][: len(layer.tops)]


def _at_size(layer: Layer, x: Array) -> Layer:
    """The layer as if inferred for the array's shape, on which a global kernel depends."""
    return replace(layer, bottom_shapes=(x.shape,))


def _taps(axis: PoolingAxis, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each tap that meets any pixel: its position in every window, and whether that is a pixel."""
    starts = np.arange(axis.outputs(size)) * axis.stride - axis.pad
    met = []
    for tap in range(min(axis.kernel, size + axis.pad)):
        positions = starts + tap
        inside = (positions >= 0) & (positions < size)
        met.append((np.clip(positions, 0, size - 1), inside))
    return met


def _window_sum(x: Array, axis: PoolingAxis) -> Array:
    """Sums along the last axis."""
    total = np.zeros((*x.shape[:-1], axis.outputs(x.shape[-1])))
    for positions, inside in _taps(axis, x.shape[-1]):
        total += np.where(inside, x[..., positions], 0)
    return total


def _divisors(axis: PoolingAxis, size: int) -> np.ndarray:
    """Length of every window, clipped to size + pad."""
    starts = np.arange(axis.outputs(size)) * axis.stride - axis.pad
    return np.minimum(starts + axis.kernel, size + axis.pad) - starts


def _window_max(x: Array, index: np.ndarray, axis: PoolingAxis) -> tuple[Array, np.ndarray]:
    """Maxima along the last axis and the index that came with each; of equal ones the first."""
    best = np.full((*x.shape[:-1], axis.outputs(x.shape[-1])), _LOWEST)
    found = np.full(best.shape, -1)
    for positions, inside in _taps(axis, x.shape[-1]):
        candidate = x[..., positions]
        better = inside & (candidate > best)
        best = np.where(better, candidate, best)
        found = np.where(better, index[..., positions], found)
    return best, found
