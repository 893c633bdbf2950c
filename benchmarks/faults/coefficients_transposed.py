"""The coefficients laid out wrongly: read as 2×bins where the file holds bins×2."""

from __future__ import annotations

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import coefficients_node


def make(graph: FaultGraph) -> Place | None:
    """Puts the numbers of pts_in_hull, bins×2, into the weight as if they lay there as 2×bins."""
    found = coefficients_node(graph)
    if found is None:
        return None
    node, weight = found
    points = weight.reshape(weight.shape[:2]).T  # bins×2, as the released file holds them
    graph.put(node, 1, points.reshape(weight.shape))
    return Place(graph.layer(node), "the coefficients are not transposed")


FAULT = Fault(
    "coefficients-transposed", "the coefficients are read in the wrong order of axes", make, control=True
)
