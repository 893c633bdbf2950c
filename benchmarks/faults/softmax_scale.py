"""The temperature left out: a Scale in front of a Softmax that multiplies by 1."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import maker_of_numbers


def make(graph: FaultGraph) -> Place | None:
    """Sets the constant factor of the last Mul that a Softmax reads to 1."""
    for softmax in reversed(graph.of_type("Softmax")):
        scale = maker_of_numbers(graph, softmax.input[0])
        if scale is None or scale.op_type != "Mul":
            continue
        for index in range(2):
            factor = graph.numbers(scale, index)
            if factor is not None and (factor != 1).any():
                graph.put(scale, index, np.ones_like(factor))
                return Place(graph.layer(scale), f"{factor.flat[0]:.4g} became 1")
    return None


FAULT = Fault(
    "softmax-scale-1",
    "the temperature in front of the Softmax is left out: its Scale is 1",
    make,
    control=True,
)
