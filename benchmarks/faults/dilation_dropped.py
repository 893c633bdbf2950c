"""A dilated convolution computed without dilation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph

if TYPE_CHECKING:
    from onnx import NodeProto


def make(graph: FaultGraph) -> Place | None:
    """Drops the last dilation, with the padding that keeps the size: a wrong size would give it away."""
    for node in reversed(graph.of_type("Conv")):
        dilations = list(graph.attribute(node, "dilations", []))
        pads = _pads_without(graph, node, dilations)
        if max(dilations, default=1) > 1 and pads is not None:
            graph.set_attribute(node, "pads", pads)
            graph.set_attribute(node, "dilations", [1] * len(dilations))
            return Place(graph.layer(node), f"its dilation {dilations} is dropped")
    return None


def _pads_without(graph: FaultGraph, node: NodeProto, dilations: list[int]) -> list[int] | None:
    """The padding that a window shrunk by (kernel - 1)(dilation - 1) needs for the same size, half at each end."""
    pads = list(graph.attribute(node, "pads", [0] * 2 * len(dilations)))
    kernel = graph.attribute(node, "kernel_shape", [])
    if len(kernel) != len(dilations) or len(pads) != 2 * len(dilations):
        return None
    shrunk = [(k - 1) * (d - 1) for k, d in zip(kernel, dilations, strict=True)]
    fronts = [shrink // 2 for shrink in shrunk]
    behinds = [shrink - front for shrink, front in zip(shrunk, fronts, strict=True)]
    made = [pad - shrink for pad, shrink in zip(pads, fronts + behinds, strict=True)]
    return made if min(made, default=-1) >= 0 else None


FAULT = Fault("dilation-dropped", "a dilated convolution is computed without dilation", make)
