"""What an ONNX file holds beside its main graph: the nodes and tensors of branches, loops and functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto

OWN_DOMAINS = frozenset({"", "ai.onnx"})
"""How ONNX calls its own operators."""


def opset_of(part: ModelProto | FunctionProto) -> int:
    """The version of ONNX's own operators in use; 0 where none is stated."""
    return next((item.version for item in part.opset_import if item.domain in OWN_DOMAINS), 0)


def nodes_in_bodies(model: ModelProto) -> Iterator[tuple[NodeProto, int]]:
    """Every node within a node of the main graph, however deep, and every node of a function.

    Args:
        model: The ONNX file.

    Yields:
        The node, and the version of ONNX's own operators that it is of.
    """
    main = opset_of(model)
    yield from ((node, main) for node in _within(model.graph.node))
    for function in model.functions:
        version = opset_of(function)
        yield from ((node, version) for node in (*function.node, *_within(function.node)))


def every_tensor(model: ModelProto) -> Iterator[TensorProto]:
    """Initializers of the main graph and of all within it, and tensors that nodes hold as attributes."""
    yield from model.graph.initializer
    for node in (*model.graph.node, *(node for node, _ in nodes_in_bodies(model))):
        for graph in _graphs(node):
            yield from graph.initializer
        for attribute in node.attribute:
            yield from ([attribute.t] if attribute.HasField("t") else [])
            yield from attribute.tensors


def _within(nodes: Iterable[NodeProto]) -> Iterator[NodeProto]:
    for node in nodes:
        for graph in _graphs(node):
            yield from graph.node
            yield from _within(graph.node)


def _graphs(node: NodeProto) -> Iterator[GraphProto]:
    for attribute in node.attribute:
        yield from ([attribute.g] if attribute.HasField("g") else [])
        yield from attribute.graphs
