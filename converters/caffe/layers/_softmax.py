"""Softmax in ONNX, as a layer of its own and as the second top of losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converters.caffe.network import Layer

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


def emit_softmax(layer: Layer, emitter: Emitter, axis: int, *, slot: int = 0) -> None:
    """Softmax of the first bottom; before opset 13 ONNX flattened everything from ``axis`` on, so it is moved last.

    Args:
        layer: The layer.
        emitter: Its emitter.
        axis: Axis of the first bottom, from 0 on.
        slot: Which top it makes.
    """
    rank = len(layer.bottom_shapes[0])
    if emitter.opset >= 13 or axis == rank - 1:
        emitter.node("Softmax", layer.bottoms[:1], slot=slot, axis=axis)
        return
    swap = list(range(rank))
    swap[axis], swap[-1] = swap[-1], swap[axis]
    moved = emitter.node("Transpose", layer.bottoms[:1], inner="to_last_axis", perm=swap)
    soft = emitter.node("Softmax", moved, inner="last_axis", axis=rank - 1)
    emitter.node("Transpose", soft, slot=slot, perm=swap)
