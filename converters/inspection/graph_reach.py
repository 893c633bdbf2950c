"""Receptive fields behind operators that ONNX and OpenVINO IR have under different names."""

from __future__ import annotations

from collections.abc import Sequence

from converters.caffe.layers.registry import Reach
from converters.inspection import receptive_field as rf

Dims = Sequence[int | str]


def windowed(
    field: rf.ValueField,
    rank: int,
    kernel: Sequence[int] | None,
    stride: Sequence[int] | None,
    dilation: Sequence[int] | None,
    *,
    is_upsampling: bool,
) -> rf.ValueField:
    """Behind a convolution or pooling over the last axes; unknown where the numbers do not fit together.

    Args:
        field: Of what it reads.
        rank: Of what it makes; axes 2 and on are spatial.
        kernel: Sizes of the window; None when not known.
        stride: Steps; ones by default.
        dilation: Steps within the window; ones by default.
        is_upsampling: Whether it is a transposed convolution.
    """
    spatial = rank - 2
    strides, dilations = stride or [1] * spatial, dilation or [1] * spatial
    if kernel is None or len(field) != rank:
        return rf.unknown(rank)
    if not len(kernel) == len(strides) == len(dilations) == spatial:
        return rf.unknown(rank)
    if min(*kernel, *strides, *dilations, 1) < 1:
        return rf.unknown(rank)
    reaches = [
        Reach(d * (k - 1) + 1, s, is_upsampling) for k, s, d in zip(kernel, strides, dilations, strict=True)
    ]
    return rf.through(field, reaches)


def transposed(field: rf.ValueField, order: Sequence[int], rank: int) -> rf.ValueField:
    """Behind a change of the order of axes."""
    fits = sorted(order) == list(range(len(field)))
    return tuple(field[axis] for axis in order) if fits else rf.unknown(rank)


def without(field: rf.ValueField, axes: Sequence[int]) -> rf.ValueField:
    """A field that is not known along some axes, negative ones from the end."""
    left_out = {axis % len(field) for axis in axes} if field else set()
    return tuple(None if axis in left_out else known for axis, known in enumerate(field))


def aligned(read: Dims, made: Dims) -> bool:
    """Whether a value surely is not spread over an axis: sizes are equal, or open and not 1."""
    return len(read) == len(made) and all(
        a == b or (a != 1 and b != 1 and (isinstance(a, str) or isinstance(b, str)))
        for a, b in zip(read, made, strict=True)
    )
