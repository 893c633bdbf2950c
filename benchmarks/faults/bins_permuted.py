"""The colour bins in another order: every bin has its neighbour's colour."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import coefficients_node


def make(graph: FaultGraph) -> Place | None:
    """Moves all coefficients on by one bin."""
    found = coefficients_node(graph)
    if found is None:
        return None
    node, weight = found
    graph.put(node, 1, np.roll(weight, 1, axis=1))
    return Place(graph.layer(node), "the bins are moved on by one")


FAULT = Fault(
    "bins-permuted", "the colour bins are in another order than the coefficients", make, control=True
)
