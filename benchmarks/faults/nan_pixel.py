"""One pixel of an output that is not a number."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import outputs_of_reals


def make(graph: FaultGraph) -> Place | None:
    """Adds NaN to the middle element of the first output of real numbers, and 0 to all others.

    Along an axis of open size every element is hit.
    """
    for output in outputs_of_reals(graph):
        shape, dtype = graph.shape(output), graph.dtype(output)
        if shape is None or dtype is None or 0 in shape:
            continue
        added = np.zeros([size or 1 for size in shape], dtype)
        middle = tuple(size // 2 for size in added.shape)
        added[middle] = np.nan
        node, before = graph.divert(output)
        graph.make("Add", [before, graph.constant(f"{output}/not_a_number", added)], output, node)
        return Place(graph.layer(node), f"NaN in {output} at {middle}")
    return None


FAULT = Fault("nan-pixel", "one element of an output is NaN", make, control=True)
