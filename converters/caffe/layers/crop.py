"""Crop: the first bottom cut to the size of the second, from `axis` on (`crop_layer.cpp`).

No `offset` means 0, one holds for all axes that are cropped, several are one for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_reshaped_in_place
from converters.caffe.layers._sizes import sizes_of
from converters.caffe.layers.registry import Array, emission, evaluation, reads_numbers_of, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

reads_numbers_of("Crop", bottoms=1)  # the second bottom is only measured


def _offsets(layer: Layer, axis: int, rank: int) -> list[int]:
    """One offset for each axis from ``axis`` on."""
    given = list(layer.message.crop_param.offset)
    if len(given) > 1 and len(given) != rank - axis:
        raise layer.fault(
            "CTK507",
            f"{len(given)} offsets for {rank - axis} cropped axes; one for all or one each is needed",
        )
    return given if len(given) > 1 else (given or [0]) * (rank - axis)


@shape_rule("Crop")
def shape(layer: Layer) -> LayerShape:
    """Sizes of the second bottom from `axis` on.

    Raises:
        BadInput: CTK507 for a wrong axis or number of offsets, CTK508 when the crop leaves the bottom.
    """
    layer.expect(bottoms=(2, 2), tops=(1, 1))
    bottom, reference = layer.bottom_shapes
    axis = layer.canonical_axis(layer.message.crop_param.axis)
    if len(reference) < len(bottom):
        raise layer.fault("CTK508", f"the reference {reference} has fewer axes than the bottom {bottom}")
    for i, offset in enumerate(_offsets(layer, axis, len(bottom)), axis):
        if bottom[i] - offset < reference[i]:
            raise layer.fault(
                "CTK508",
                f"the crop leaves the bottom on axis {i}: offset {offset} and size {reference[i]} of {bottom[i]}",
            )
    top = (*bottom[:axis], *reference[axis : len(bottom)])
    refuse_reshaped_in_place(layer, top)
    return LayerShape((top,))


@emission("Crop")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Slice, to constant ends or to ends computed from the reference's dynamic size."""
    rank = len(layer.bottom_shapes[0])
    axis = layer.canonical_axis(layer.message.crop_param.axis)
    axes = list(range(axis, rank))
    offsets = np.asarray(_offsets(layer, axis, rank), np.int64)
    starts = emitter.constant("offsets", offsets)
    sizes = emitter.dims(layer.bottoms[1])[axis:rank]
    fixed = [size for size in sizes if size is not None]
    if len(fixed) == len(sizes):
        ends = emitter.constant("ends", offsets + np.asarray(fixed, np.int64))
    else:
        reference = sizes_of(emitter, layer.bottoms[1], axes, "reference")
        ends = emitter.node("Add", [reference, starts], inner="ends")[0]
    listed = emitter.constant("axes", np.asarray(axes, np.int64))
    emitter.node("Slice", [layer.bottoms[0], starts, ends, listed])


@evaluation("Crop")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """One slice for each axis."""
    x, reference = bottoms
    param = layer.message.crop_param
    axis = param.axis % x.ndim
    window = [slice(None)] * x.ndim
    for i in range(axis, x.ndim):
        offset = param.offset[0 if len(param.offset) == 1 else i - axis] if param.offset else 0
        window[i] = slice(offset, offset + reference.shape[i])
    return [x[tuple(window)]]
