"""A weight with two axes exchanged."""

from __future__ import annotations

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import Array, differ, last_with

_CONVOLUTIONS = ("Conv", "ConvTranspose")


def make(graph: FaultGraph) -> Place | None:
    """Exchanges height and width of the last square kernel, else the two axes of a weight's channels.

    Where no weight has two axes of one size, its numbers are laid out in the other order of its first two.
    """
    found = last_with(graph, _CONVOLUTIONS, 1, lambda weight: _changes(weight, 2, 3))
    if found is not None:
        node, weight = found
        graph.put(node, 1, weight.swapaxes(2, 3))
        return Place(graph.layer(node), "height and width of its kernel are exchanged")
    found = last_with(graph, (*_CONVOLUTIONS, "Gemm", "MatMul"), 1, _misread_differs)
    if found is None:
        return None
    node, weight = found
    graph.put(node, 1, _misread(weight))
    return Place(graph.layer(node), "its weight is read in the wrong order of axes")


def _changes(weight: Array, one: int, other: int) -> bool:
    """Whether both axes have one size above 1, and exchanging them changes anything."""
    if weight.ndim != 4 or weight.shape[one] != weight.shape[other] or weight.shape[one] == 1:
        return False
    return differ(weight, weight.swapaxes(one, other))


def _misread(weight: Array) -> Array:
    return weight.swapaxes(0, 1).reshape(weight.shape)


def _misread_differs(weight: Array) -> bool:
    return weight.ndim >= 2 and differ(weight, _misread(weight))


FAULT = Fault("kernel-transposed", "two axes of a weight are exchanged", make, control=True)
