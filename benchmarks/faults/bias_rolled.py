"""A bias that has moved on by one channel."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.bias_dropped import WITH_BIAS
from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import differ, last_with


def make(graph: FaultGraph) -> Place | None:
    """Gives every channel its neighbour's bias, in the last layer where neighbours differ."""
    found = last_with(graph, WITH_BIAS, 2, lambda bias: differ(bias, np.roll(bias, 1)))
    if found is None:
        return None
    node, bias = found
    graph.put(node, 2, np.roll(bias, 1))
    return Place(graph.layer(node), "its bias has moved on by one channel")


FAULT = Fault("bias-rolled", "every channel of a layer has its neighbour's bias", make)
