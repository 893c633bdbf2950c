"""A deconvolution whose kernel is turned by 180 degrees."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import Array, differ, last_with


def _flipped(weight: Array) -> Array:
    return np.flip(weight, tuple(range(2, weight.ndim)))


def make(graph: FaultGraph) -> Place | None:
    """Turns the kernels of the last deconvolution whose kernels are not symmetric, as bilinear ones are."""
    found = last_with(graph, ("ConvTranspose",), 1, lambda weight: differ(weight, _flipped(weight)))
    if found is None:
        return None
    node, weight = found
    graph.put(node, 1, _flipped(weight))
    return Place(graph.layer(node), "its kernels are turned by 180 degrees")


FAULT = Fault("deconvolution-flipped", "the kernel of a deconvolution is flipped", make)
