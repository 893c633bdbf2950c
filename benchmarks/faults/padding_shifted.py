"""A convolution whose padding is shifted by one pixel: less in front, more behind."""

from __future__ import annotations

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph


def make(graph: FaultGraph) -> Place | None:
    """Moves one pixel of padding to the other end of every axis, in the last convolution that has any there.

    Not in a 1×1 convolution: a pooling over all of its padded result would not notice.
    """
    for node in reversed(graph.of_type("Conv")):
        pads = list(graph.attribute(node, "pads", []))
        axes = len(pads) // 2
        if max(graph.attribute(node, "kernel_shape", [1])) == 1:
            continue
        moved = [int(pad >= 1) for pad in pads[:axes]]
        if not any(moved):
            continue
        begins = [pad - by for pad, by in zip(pads[:axes], moved, strict=True)]
        ends = [pad + by for pad, by in zip(pads[axes:], moved, strict=True)]
        graph.set_attribute(node, "pads", begins + ends)
        return Place(graph.layer(node), f"pads are {begins + ends} in place of {pads}")
    return None


FAULT = Fault("padding-shifted", "the padding of a convolution is shifted by one pixel", make, control=True)
