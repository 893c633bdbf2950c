"""A Softmax over another axis."""

from __future__ import annotations

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph


def make(graph: FaultGraph) -> Place | None:
    """Takes the last Softmax over the axis behind its own, or the one in front, where that is another result."""
    for node in reversed(graph.of_type("Softmax")):
        shape = graph.shape(node.output[0])
        if not shape:
            continue
        axis = graph.attribute(node, "axis", -1 if graph.opset >= 13 else 1) % len(shape)
        for other in (axis + 1, axis - 1):
            if 0 <= other < len(shape) and _is_another(shape, axis, other, graph.opset):
                graph.set_attribute(node, "axis", other)
                return Place(graph.layer(node), f"it is taken over axis {other} in place of {axis}")
    return None


def _is_another(shape: tuple[int | None, ...], axis: int, other: int, opset: int) -> bool:
    """Whether both axes are not of size 1; before operator set 13, which takes all axes from there on: between."""
    if opset >= 13:
        return shape[axis] != 1 or shape[other] != 1
    return shape[min(axis, other)] != 1


FAULT = Fault("softmax-axis", "a Softmax is taken over another axis", make)
