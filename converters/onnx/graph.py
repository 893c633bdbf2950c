"""An ONNX graph under construction: nodes, and initializers as views that are never copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

Dims = Sequence[int | str]
OPSETS = range(11, 22)


@dataclass(frozen=True, slots=True)
class Initializer:
    """A named constant.

    Attributes:
        name: Unique in the graph.
        values: float32, float64 or integer array, in any memory layout; often a view of a mapped file.
    """

    name: str
    values: NDArray[Any]


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A graph input, output or inner value: name and dimensions, of which strings are dynamic."""

    name: str
    dims: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One ONNX node; attributes are ints, floats, strings or lists of them."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass(slots=True)
class Graph:
    """Everything an ONNX file holds about one network.

    Attributes:
        name: Graph name.
        opset: Version of the default operator set.
        taken: Names of values in use.
        node_names: Names of nodes in use.
    """

    name: str
    opset: int
    inputs: list[TensorInfo] = field(default_factory=list)
    outputs: list[TensorInfo] = field(default_factory=list)
    inner: list[TensorInfo] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    initializers: list[Initializer] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    node_names: set[str] = field(default_factory=set)
