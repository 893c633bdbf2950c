"""Which numbers of an ONNX graph are parameters."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from converters.inspection.graph_parameters import GraphParameters, parameters_of
from converters.inspection.onnx_reading import initializer_names
from toolkit.ledger import LedgerDocument

if TYPE_CHECKING:
    from onnx import GraphProto, TensorProto


def onnx_parameters(graph: GraphProto, ledger: LedgerDocument | None) -> GraphParameters:
    """Counts initializers and Constant nodes.

    Without a ledger those of 64-bit integers, booleans and strings count as constants (shapes, axes, switches), and
    so do single numbers without an axis; every other one is a parameter.

    Args:
        graph: The graph.
        ledger: What became of every parameter of the source.
    """
    return parameters_of(_sizes(graph), _plain(graph), ledger)


def _named(graph: GraphProto) -> dict[str, TensorProto]:
    """Constants of the graph by the value that holds them."""
    found = {item.name: item for item in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            found.update((node.output[0], item.t) for item in node.attribute if item.name == "value")
    return found


def _sizes(graph: GraphProto) -> dict[str, int]:
    sizes = {name: prod(tensor.dims) for name, tensor in _named(graph).items()}
    return sizes | {item.values.name: prod(item.values.dims) for item in graph.sparse_initializer}


def _plain(graph: GraphProto) -> set[str]:
    from onnx import TensorProto

    others = {TensorProto.INT64, TensorProto.UINT64, TensorProto.BOOL, TensorProto.STRING}
    named = _named(graph)
    plain = {name for name, tensor in named.items() if tensor.data_type not in others and tensor.dims}
    return plain | (initializer_names(graph) - set(named))
