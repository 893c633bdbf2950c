"""An output whose planes have moved by one pixel."""

from __future__ import annotations

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import outputs_of_reals


def make(graph: FaultGraph) -> Place | None:
    """Moves the first output that has a width by one pixel to the right; the last column comes first."""
    for output in outputs_of_reals(graph):
        shape = graph.shape(output)
        if shape is None or len(shape) < 3 or shape[-1] == 1:
            continue
        _roll(graph, output, len(shape) - 1)
        maker = graph.maker(f"{output}/fault_before")
        assert maker is not None
        return Place(graph.layer(maker), f"{output} is moved by one pixel")
    return None


def _roll(graph: FaultGraph, output: str, axis: int) -> None:
    """Puts the last slice along an axis in front of all others."""
    node, before = graph.divert(output)
    ends = {"first": 0, "last": -1, "behind": np.iinfo(np.int64).max}
    place = {
        word: graph.constant(f"{output}/{word}", np.array([number], np.int64))
        for word, number in (*ends.items(), ("axis", axis))
    }
    wrapped, kept = f"{output}/wrapped", f"{output}/kept"
    graph.make("Concat", [wrapped, kept], output, node, axis=axis)
    graph.make("Slice", [before, place["last"], place["behind"], place["axis"]], wrapped, node)
    graph.make("Slice", [before, place["first"], place["last"], place["axis"]], kept, node)


FAULT = Fault("output-shifted", "an output has moved by one pixel", make, control=True)
