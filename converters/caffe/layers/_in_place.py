"""Refusals of layers that Caffe cannot run in place."""

from __future__ import annotations

from converters.caffe.network import Layer, Shape


def refuse_in_place(layer: Layer, why: str = "Caffe does not allow it") -> None:
    """Refuses a layer whose top is its bottom.

    Raises:
        BadInput: CTK505.
    """
    if layer.in_place:
        raise layer.fault("CTK505", f"a {layer.type} layer cannot run in place: {why}")


def refuse_reshaped_in_place(layer: Layer, top: Shape) -> None:
    """Refuses it only where the top has another shape: Caffe resizes the bottom before it is read.

    Raises:
        BadInput: CTK505.
    """
    if layer.in_place and top != layer.bottom_shapes[0]:
        refuse_in_place(layer, f"its bottom has shape {layer.bottom_shapes[0]}, its top {top}")
