"""Refusals of layers that Caffe cannot run in place."""

from __future__ import annotations

from collections.abc import Sequence

from converters.caffe.network import Layer, Shape


def slots_in_place(layer: Layer) -> Sequence[int]:
    """Slots in which the top has the name of the bottom at the same place: Caffe's test."""
    pairs = zip(layer.message.bottom, layer.message.top, strict=False)
    return [slot for slot, (bottom, top) in enumerate(pairs) if bottom == top]


def refuse_in_place(layer: Layer, why: str = "Caffe does not allow it") -> None:
    """Refuses a layer of which a top is the bottom of the same slot.

    Raises:
        BadInput: CTK505.
    """
    if slots_in_place(layer):
        raise layer.fault("CTK505", f"a {layer.type} layer cannot run in place: {why}")


def refuse_reshaped_in_place(layer: Layer, top: Shape) -> None:
    """Refuses it only where the top has another shape: Caffe resizes the bottom before it is read.

    Args:
        layer: The layer.
        top: Shape of every top.

    Raises:
        BadInput: CTK505.
    """
    for slot in slots_in_place(layer):
        if top != layer.bottom_shapes[slot]:
            refuse_in_place(layer, f"its bottom has shape {layer.bottom_shapes[slot]}, its top {top}")
