"""SPP: pooling over 1, 4, 16 ... bins, flattened and joined (`spp_layer.cpp`).

Level i has 2^i bins along each axis: kernel and stride ceil(size / bins), pad half of what is missing,
rounded up; then Caffe's pooling. A pyramid of one level is that pooling itself, not flattened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from converters.caffe.layers._dynamic_sizes import needs_fixed_sizes
from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

_MAX, _AVE = 0, 1  # numbers of the enum PoolMethod


@dataclass(frozen=True, slots=True)
class _Bins:
    """The windows of one level along one axis."""

    size: int
    kernel: int
    pad: int
    count: int

    @property
    def pad_behind(self) -> int:
        """Padding that makes the last window whole."""
        return self.count * self.kernel - self.size - self.pad


def _bins(size: int, level: int) -> _Bins:
    count = 2**level
    kernel = -(-size // count)
    pad = (kernel * count - size + 1) // 2
    # As many windows as bins: what Caffe's pooling finds beyond them starts behind size + pad, and is dropped. The last
    # one ends at size + pad at most (pad is the larger half of what is missing), so that AVE divides all by the kernel.
    return _Bins(size, kernel, pad, count)


def _levels(layer: Layer) -> list[tuple[_Bins, _Bins]]:
    """Windows along height and width for every level."""
    levels: list[tuple[_Bins, _Bins]] = []
    for level in range(layer.message.spp_param.pyramid_height):
        pair = _bins(layer.bottom_shapes[0][2], level), _bins(layer.bottom_shapes[0][3], level)
        if any(axis.pad >= axis.kernel for axis in pair):
            size = "x".join(str(axis.size) for axis in pair)
            raise layer.fault(
                "CTK508",
                f"level {level} of the pyramid has too many bins for {size}: it would pad whole windows",
            )
        levels.append(pair)
    return levels


@shape_rule("SPP")
def shape(layer: Layer) -> LayerShape:
    """(N, C * number of bins), or (N, C, 1, 1) for a single level.

    Raises:
        BadInput: CTK505 in place, CTK507 for no level or stochastic pooling, CTK508 when the bottom has not
            four axes or is too small for the pyramid.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    refuse_in_place(layer, "the top is smaller than the bottom")
    param = layer.message.spp_param
    bottom = layer.bottom_shapes[0]
    if len(bottom) != 4:
        raise layer.fault("CTK508", f"SPP needs a bottom of four axes, this one has shape {bottom}")
    if param.pyramid_height < 1:
        raise layer.fault("CTK507", f"pyramid_height {param.pyramid_height} must be at least 1")
    if param.pool not in {_MAX, _AVE}:
        raise layer.fault("CTK507", "stochastic pooling is not implemented in Caffe on a CPU")
    levels = _levels(layer)
    if len(levels) == 1:
        return LayerShape(((*bottom[:2], levels[0][0].count, levels[0][1].count),))
    return LayerShape(((bottom[0], bottom[1] * sum(h.count * w.count for h, w in levels)),))


@emission("SPP")
def emit(layer: Layer, emitter: Emitter) -> None:
    """MaxPool or AveragePool, Reshape and Concat.

    Raises:
        UsageFault: CTK604 for a dynamic height or width, on which the kernels depend.
    """
    if None in emitter.dims(layer.bottoms[0])[2:]:
        raise needs_fixed_sizes(layer, "the size of its bins")
    levels = _levels(layer)
    if len(levels) == 1:
        _pool(layer, emitter, *levels[0], None)
        return
    flat = []
    for i, (height, width) in enumerate(levels):
        pooled = _pool(layer, emitter, height, width, f"level{i}")
        flat += emitter.reshaped(pooled, [0, -1], inner=f"flat{i}")
    emitter.node("Concat", flat, axis=1)


def _pool(layer: Layer, emitter: Emitter, height: _Bins, width: _Bins, inner: str | None) -> str:
    kernel = [height.kernel, width.kernel]
    pads = [height.pad, width.pad, height.pad_behind, width.pad_behind]
    settings: dict[str, Any] = {"kernel_shape": kernel, "strides": kernel, "pads": pads}
    if layer.message.spp_param.pool == _MAX:
        return emitter.node("MaxPool", layer.bottoms, inner=inner, **settings)[0]
    return emitter.node("AveragePool", layer.bottoms, inner=inner, count_include_pad=1, **settings)[0]


@evaluation("SPP")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Windows touch each other, so that each level is one `reduceat` along height and one along width."""
    (x,) = bottoms
    param = layer.message.spp_param
    levels = [
        _evaluate_level(x, 2**level, is_max=param.pool == _MAX) for level in range(param.pyramid_height)
    ]
    if len(levels) == 1:
        return levels
    return [np.concatenate([level.reshape(x.shape[0], -1) for level in levels], axis=1)]


def _evaluate_level(x: Array, bins: int, *, is_max: bool) -> Array:
    for axis in (2, 3):
        size = x.shape[axis]
        kernel = int(np.ceil(size / bins))
        pad = (kernel * bins - size + 1) // 2
        starts = np.arange(-pad, size, kernel)
        inside = np.maximum(starts, 0)
        if is_max:
            x = np.maximum.reduceat(x, inside, axis=axis)
            continue
        lengths = np.minimum(starts + kernel, size + pad) - starts
        x = np.add.reduceat(x, inside, axis=axis) / lengths.reshape(-1, *[1] * (3 - axis))
    return x
