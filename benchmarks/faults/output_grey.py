"""An output that says grey everywhere."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import outputs_of_reals
from benchmarks.image_quality.grey import grey_output


def make(graph: FaultGraph) -> Place | None:
    """Replaces every number of the first output of real numbers by what means grey: 0, or one bin's 1."""
    for output in outputs_of_reals(graph):
        shape, dtype = graph.shape(output), graph.dtype(output)
        if dtype is None:
            continue
        channels = shape[1] if shape is not None and len(shape) == 4 else None
        grey = np.zeros((), dtype) if channels is None else grey_output(np.zeros((1, channels, 1, 1), dtype))
        node, before = graph.divert(output)
        nothing = f"{output}/nothing"
        graph.make("Add", [nothing, graph.constant(f"{output}/grey", grey.astype(dtype))], output, node)
        zero = graph.constant(f"{output}/zero", np.zeros((), dtype))
        graph.make("Mul", [before, zero], nothing, node)
        return Place(graph.layer(node), f"{output} is grey throughout")
    return None


FAULT = Fault(
    "output-grey", "an output is grey throughout, or 0 in a network that does not colour", make, control=True
)
