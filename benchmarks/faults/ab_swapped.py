"""The planes a and b exchanged."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import outputs_of_reals


def make(graph: FaultGraph) -> Place | None:
    """Exchanges the two channels of an output that has two, by a Gather."""
    for output in outputs_of_reals(graph):
        shape = graph.shape(output)
        if shape is None or len(shape) != 4 or shape[1] != 2:
            continue
        node, before = graph.divert(output)
        order = graph.constant(f"{output}/order", np.array([1, 0], np.int64))
        graph.make("Gather", [before, order], output, node, axis=1)
        return Place(graph.layer(node), f"the channels of {output} are exchanged")
    return None


FAULT = Fault("ab-swapped", "the planes a and b of the output are exchanged", make, control=True)
