"""A layer whose numbers pass the largest one of f16 and become infinite."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.bias_dropped import WITH_BIAS
from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph

# What rounds to f16's infinity: halfway between its largest number, 65504, and the next power of two.
OVERFLOW = 65520.0
# The layer counts in units this small, so that 65520 of them are passed whatever the picture.
UNIT = 2.0**-24


def make(graph: FaultGraph) -> Place | None:
    """Lets the numbers of the last layer with a bias inside the network overflow as in f16, in units of 2^-24.

    A Cast to f16 would show nothing in a runtime that executes it in f32, as OpenVINO's CPU does; so values of
    at least 65520 units are multiplied by infinity, and all others kept.
    """
    made = [node.output[0] for node in graph.of_type(*WITH_BIAS)]
    inside = [value for value in made if not graph.is_output(value)]
    output = (inside or made or [""])[-1]
    dtype = graph.dtype(output)
    if dtype is None:
        return None
    node, before = graph.divert(output)
    size, fits, infinite = (f"{output}/{part}" for part in ("size", "fits", "infinite"))
    limit = graph.constant(f"{output}/limit", np.array(OVERFLOW * UNIT, dtype))
    infinity = graph.constant(f"{output}/infinity", np.array(np.inf, dtype))
    graph.make("Where", [fits, before, infinite], output, node)
    graph.make("Less", [size, limit], fits, node)
    graph.make("Abs", [before], size, node)
    graph.make("Mul", [before, infinity], infinite, node)
    return Place(graph.layer(node), "values too large for f16 become infinite")


FAULT = Fault("f16-overflow", "the numbers of a layer overflow in f16", make)
