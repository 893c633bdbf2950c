"""L given as it is, where the network is made for L - 50."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import has_softmax_over_planes
from toolkit.presets.preset import MEAN_L


def make(graph: FaultGraph) -> Place | None:
    """Adds 50 to the network's only input, or sets to 0 what the graph itself subtracts from it.

    Only where the input is one plane and a Softmax over planes tells a network that colours.
    """
    inputs = [value.name for value in graph.model.graph.input]
    shape = graph.shape(inputs[0]) if len(inputs) == 1 else None
    if shape is None or len(shape) != 4 or shape[1] != 1 or not has_softmax_over_planes(graph):
        return None
    (name,) = inputs
    if graph.is_output(name):
        return None
    for node in graph.readers(name):
        mean = graph.numbers(node, 1) if node.op_type == "Sub" else None
        if mean is not None:
            graph.put(node, 1, np.zeros_like(mean))
            return Place(None, f"{mean.flat[0]:g} is not subtracted from {name}")
    return _shifted(graph, name)


def _shifted(graph: FaultGraph, name: str) -> Place | None:
    dtype = graph.dtype(name)
    if dtype is None:
        return None
    moved = f"{name}/not_centred"
    for node in graph.readers(name):
        for index, read in enumerate(node.input):
            if read == name:
                node.input[index] = moved
    amount = graph.constant(f"{name}/mean", np.full((1, 1, 1, 1), MEAN_L, dtype))
    graph.make("Add", [name, amount], moved, None)
    return Place(None, f"{MEAN_L:g} is not subtracted from {name}")


FAULT = Fault("l-not-centred", "L enters without 50 being subtracted", make, control=True)
