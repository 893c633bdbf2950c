"""The axes of the first bottom that the operand of Scale and Bias covers (`scale_layer.cpp`, `bias_layer.cpp`)."""

from __future__ import annotations

from converters.caffe.network import Layer, Shape


def first_axis(layer: Layer, axis: int, operand: Shape) -> int:
    """Where a second bottom lies; without axes it may say any, even one that does not exist.

    Raises:
        BadInput: CTK507 when the axis does not exist.
    """
    return layer.canonical_axis(axis) if operand else 0


def place_second_bottom(layer: Layer, axis: int, role: str) -> int:
    """First axis that the second bottom covers; it has as many axes as it covers.

    Args:
        layer: The layer.
        axis: As the prototxt says.
        role: What the second bottom is, for messages.

    Raises:
        BadInput: CTK507 when the axis does not exist, CTK508 when the sizes from there on differ.
    """
    bottom, operand = layer.bottom_shapes
    first = first_axis(layer, axis, operand)
    if bottom[first : first + len(operand)] != operand:
        raise layer.fault("CTK508", f"{role} of shape {operand} does not fit {bottom} from axis {first} on")
    return first


def covered_by_blob(layer: Layer, axis: int, num_axes: int) -> tuple[int, Shape]:
    """First axis and shape of the blob of a layer with one bottom (num_axes -1: to the end, 0: one number).

    Raises:
        BadInput: CTK507 when the axes do not exist.
    """
    bottom = layer.bottom_shapes[0]
    first = layer.canonical_axis(axis)
    if num_axes < -1 or first + num_axes > len(bottom):
        raise layer.fault(
            "CTK507", f"num_axes {num_axes} from axis {first} does not fit a bottom of {len(bottom)} axes"
        )
    return first, bottom[first:] if num_axes == -1 else bottom[first : first + num_axes]


def ones_behind(layer: Layer, first: int, covered: Shape) -> int:
    """How many axes of size 1 the operand needs behind it to lie along its axes; a scalar needs none."""
    return len(layer.bottom_shapes[0]) - first - len(covered) if covered else 0
