"""Two coefficients exchanged: two colour bins have each other's colour."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import Array, coefficients_node


def make(graph: FaultGraph) -> Place | None:
    """Exchanges two bins whose colours lie far apart."""
    found = coefficients_node(graph)
    if found is None:
        return None
    node, weight = found
    one, other = distant_pair(weight.reshape(weight.shape[:2]))
    changed = weight.copy()
    changed[:, [one, other]] = weight[:, [other, one]]
    graph.put(node, 1, changed)
    return Place(graph.layer(node), f"the colours of the bins {one} and {other} are exchanged")


def distant_pair(colours: Array) -> tuple[int, int]:
    """Two bins of unlike colours: the one farthest from the mean colour, and the one farthest from that.

    What the exchange changes is the distance of both colours times the difference of both probabilities, so
    two bins of one colour would not show.

    Args:
        colours: 2×bins.
    """
    colours = colours.astype(np.float64)
    one = int(np.linalg.norm(colours - colours.mean(axis=1, keepdims=True), axis=0).argmax())
    return one, int(np.linalg.norm(colours - colours[:, [one]], axis=0).argmax())


FAULT = Fault("coefficients-exchanged", "two of the coefficients are exchanged", make)
