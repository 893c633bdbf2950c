"""An output that is too large by 6 %."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import outputs_of_reals

FACTOR = 1.06  # benchmark_method.md §12.12: cosine passes it


def make(graph: FaultGraph) -> Place | None:
    """Multiplies the first output of real numbers."""
    for output in outputs_of_reals(graph):
        node, before = graph.divert(output)
        factor = graph.constant(f"{output}/factor", np.array(FACTOR, graph.dtype(output)))
        graph.make("Mul", [before, factor], output, node)
        return Place(graph.layer(node), f"{output} is multiplied by {FACTOR}")
    return None


FAULT = Fault("output-scaled", "an output is too large by 6 %", make, control=True)
