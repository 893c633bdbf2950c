"""A fault that can be made in a network's ONNX graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.faults.graph import FaultGraph


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault was made.

    Attributes:
        layer: The Caffe layer whose own output is the first that it changes; None for one in no layer.
        what: What was done there, in words.
    """

    layer: str | None
    what: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake that a converter or a runtime could make.

    Attributes:
        name: Short and stable, such as ``bias-dropped``.
        description: The mistake in words.
        make: Makes it in a graph, and says where; returns None, and leaves the graph as it is, where the
            graph has nothing to make it in.
        control: Whether it is one of the controls that run in every report (benchmark_method.md §12.12).
    """

    name: str
    description: str
    make: Callable[[FaultGraph], Place | None]
    control: bool = False
