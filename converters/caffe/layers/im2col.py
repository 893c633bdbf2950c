"""Im2col: the pixels under every kernel position, laid out as channels (`im2col_layer.cpp`, `im2col.cpp`).

Top channel c * K + t holds tap t of channel c, zero where the tap lies in the padding. The size of the top
is (x + 2p - (d(k - 1) + 1)) / s + 1 with C's division towards zero: a kernel that reaches beyond the padded
bottom by less than a stride still fits once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers._listed import refuse_long_list
from converters.caffe.layers._sizes import INT64_MAX
from converters.caffe.layers._windows import Windows, pads_behind, windows_of
from converters.caffe.layers.registry import Array, emission, evaluation, keeps_values, shape_rule
from converters.caffe.network import Layer, LayerShape, elements
from converters.caffe.schema import LayerParameter
from toolkit.errors import UsageFault

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

# One node for each tap and axis: more than this no sensible network has.
_MOST_TAPS = 4096

keeps_values("Im2col")  # in place only a 1x1 kernel that moves nothing is accepted


def _windows(layer: Layer) -> Windows:
    """The geometry; what only a convolution needs is filled in, since Im2col does not read it."""
    message = LayerParameter()
    message.CopyFrom(layer.message)
    message.convolution_param.num_output = 1
    message.convolution_param.group = 1
    return windows_of(replace(layer, message=message))


def _moves_nothing(w: Windows) -> bool:
    return elements(w.kernel) == 1 and set(w.stride) <= {1} and not any(w.pad)


@shape_rule("Im2col")
def shape(layer: Layer) -> LayerShape:
    """Channels times taps, and one position for each window.

    Raises:
        BadInput: CTK505 in place, CTK507 for a field that Caffe refuses, CTK508 when no axis follows the
            channels or nothing is left of the picture.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    w = _windows(layer)
    bottom = layer.bottom_shapes[0]
    if not w.kernel:
        raise layer.fault("CTK508", f"no spatial axis follows axis {w.axis} of the bottom {bottom}")
    room = [x + 2 * p - e for x, p, e in zip(bottom[w.axis + 1 :], w.pad, w.extent, strict=True)]
    if any(left <= -s for left, s in zip(room, w.stride, strict=True)):
        raise layer.fault(
            "CTK508",
            f"the kernel reaches over {w.extent} and does not fit into the padded bottom {bottom}",
        )
    if not _moves_nothing(w):
        refuse_in_place(layer, "pixels would be overwritten before they are read")
    spatial = (max(left, 0) // s + 1 for left, s in zip(room, w.stride, strict=True))
    return LayerShape(((*bottom[: w.axis], w.channels * elements(w.kernel), *spatial),))


@emission("Im2col")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Strided Slices for the taps of one axis after the other, joined as channels; a Gather orders them.

    Nothing is multiplied, so that infinities stay where they are.

    Raises:
        UsageFault: CTK604 for a kernel of more than 4096 taps along its axes, and for more than 2**18
            channels of the top; for a kernel larger than the padded bottom where its size is dynamic.
    """
    w = _windows(layer)
    refuse_long_list(layer, w.channels * elements(w.kernel), "channels of the top")
    if sum(w.kernel) > _MOST_TAPS:
        raise UsageFault("CTK604", f"an Im2col of more than {_MOST_TAPS} taps is not offered", layer.where)
    value = _padded(layer, emitter, w)
    for i in range(len(w.kernel)):
        value = _taps(emitter, value, w, i)
    # Joined so far: the last axis' taps outermost, the channels innermost.
    joined = np.arange(w.channels * elements(w.kernel), dtype=np.int64).reshape(*w.kernel[::-1], w.channels)
    order = emitter.constant("order", joined.transpose().reshape(-1))
    emitter.node("Gather", [value, order], axis=w.axis)


def _padded(layer: Layer, emitter: Emitter, w: Windows) -> str:
    """Zeros around the picture; behind it enough for a kernel that reaches beyond the padding."""
    behind = pads_behind(layer, emitter, w)
    if not any(w.pad) and not any(behind):
        return layer.bottoms[0]
    lead = [0] * (w.axis + 1)
    pads = emitter.constant("pads", np.asarray([*lead, *w.pad, *lead, *behind], np.int64))
    return emitter.node("Pad", [layer.bottoms[0], pads], inner="padded")[0]


def _taps(emitter: Emitter, value: str, w: Windows, i: int) -> str:
    """The taps of spatial axis ``i``, joined along the channels."""
    if w.kernel[i] == 1 and w.stride[i] == 1:
        return value
    axes = emitter.constant(f"axis{i}", np.asarray([w.axis + 1 + i], np.int64))
    steps = emitter.constant(f"stride{i}", np.asarray([w.stride[i]], np.int64))
    found = []
    for tap in range(w.kernel[i]):
        first = tap * w.dilation[i]
        # Counted from the end, so that the size need not be known.
        last = first + 1 - w.extent[i] or INT64_MAX
        start = emitter.constant(f"start{i}_{tap}", np.asarray([first], np.int64))
        end = emitter.constant(f"end{i}_{tap}", np.asarray([last], np.int64))
        found += emitter.node("Slice", [value, start, end, axes, steps], inner=f"tap{i}_{tap}")
    return emitter.node("Concat", found, inner=f"taps{i}", axis=w.axis)[0]


@evaluation("Im2col")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """One window of the padded picture for each tap, stacked behind the channels."""
    (x,) = bottoms
    w = _windows(layer)
    sizes = x.shape[w.axis + 1 :]
    room = [
        n + 2 * p - (d * (k - 1) + 1) for n, p, d, k in zip(sizes, w.pad, w.dilation, w.kernel, strict=True)
    ]
    counts = [int(left / s) + 1 for left, s in zip(room, w.stride, strict=True)]
    lead = [(0, 0)] * (w.axis + 1)
    padded = np.pad(x, [*lead, *((p, p + max(-left, 0)) for p, left in zip(w.pad, room, strict=True))])
    windows = []
    for tap in np.ndindex(*w.kernel):
        steps = zip(tap, w.dilation, counts, w.stride, strict=True)
        window = tuple(slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in steps)
        windows.append(padded[(slice(None),) * (w.axis + 1) + window])
    stacked = np.stack(windows, axis=w.axis + 1)
    return [stacked.reshape(*x.shape[: w.axis], -1, *counts)]
