"""A bias left out."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import Array, last_with

WITH_BIAS = ("Conv", "ConvTranspose", "Gemm")


def _is_uneven(bias: Array) -> bool:
    """Whether channels have different biases: a Softmax does not show what is added to all of them."""
    return float(bias.max()) > float(bias.min()) or (bias.size == 1 and bool(bias.any()))


def make(graph: FaultGraph) -> Place | None:
    """Sets the last bias that is not the same for all channels to 0."""
    found = last_with(graph, WITH_BIAS, 2, _is_uneven)
    if found is None:
        return None
    node, bias = found
    graph.put(node, 2, np.zeros_like(bias))
    return Place(graph.layer(node), "its bias is dropped")


FAULT = Fault("bias-dropped", "the bias of a layer is left out", make, control=True)
