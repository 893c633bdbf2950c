"""The ledger of a conversion from ONNX to IR: what became of every layer that the ONNX file accounts for.

An ONNX file by ctk brings the ledger of its Caffe layers along; of any other one, its nodes count as layers
and its initializers as parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from converters.openvino.naming import CONSTANT, RESULT, node_title
from toolkit.errors import InternalFault
from toolkit.ledger import LayerEntry, LedgerDocument, ParameterEntry

if TYPE_CHECKING:
    from onnx import GraphProto

INPUT_PREFIX = "input:"
"""How a ledger writes a graph input among the nodes of an Input layer."""
_MERGED = "OpenVINO keeps no operation of its own for it"
_MERGED_NUMBERS = "OpenVINO merged it into other constants"
_UNREAD = "no output depends on it"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the finished model holds.

    Attributes:
        operations: Friendly names of all operations but constants and results.
        constants: Number of elements by friendly name.
        inputs: Tensor names of the graph inputs.
    """

    operations: AbstractSet[str]
    constants: Mapping[str, int]
    inputs: AbstractSet[str]

    def has_node(self, node: str) -> bool:
        """Whether a node of a ledger is in the model."""
        name = node.removeprefix(INPUT_PREFIX)
        return node in self.operations or node in self.constants or (name != node and name in self.inputs)


def kept_by(model: Any) -> Kept:
    """What an ``openvino.Model`` holds."""
    ops = model.get_ops()
    constants = {op.get_friendly_name(): op for op in ops if op.get_type_name() == CONSTANT}
    return Kept(
        frozenset(op.get_friendly_name() for op in ops if op.get_type_name() not in {CONSTANT, RESULT}),
        {name: prod(op.get_output_shape(0)) for name, op in constants.items()},
        frozenset(name for value in model.inputs for name in value.get_names()),
    )


def ledger_of_nodes(graph: GraphProto) -> LedgerDocument:
    """The account of an ONNX file that nobody else gives: nodes as layers, each initializer once."""
    sizes = elements_of_initializers(graph)
    waiting = dict(sizes)
    layers = []
    for node in graph.node:
        title = node_title(node.name, node.output)
        parameters = [
            ParameterEntry(
                role=f"input {place}", elements=waiting.pop(name), origin="stored", initializer=name
            )
            for place, name in enumerate(node.input)
            if name in waiting
        ]
        layers.append(
            LayerEntry(layer=title, type=node.op_type, fate="converted", nodes=[title], parameters=parameters)
        )
    return _totalled(layers)


def elements_of_initializers(graph: GraphProto) -> dict[str, int]:
    """Number of elements of every initializer by name."""
    return {item.name: prod(item.dims) for item in graph.initializer}


def read_nodes(graph: GraphProto, ends: Sequence[str]) -> frozenset[str]:
    """Titles of the nodes, and names of the graph inputs as `INPUT_PREFIX` writes them, that some end depends on.

    Args:
        graph: Of the ONNX file, nodes in order.
        ends: Blobs; the graph's own outputs when there are none.
    """
    wanted = set(ends or (info.name for info in graph.output))
    nested = any(item.HasField("g") or item.graphs for node in graph.node for item in node.attribute)
    found = set()
    for node in reversed(graph.node):
        if nested or wanted.intersection(node.output):  # a graph within a node reads values by name
            found.add(node_title(node.name, node.output))
            wanted.update(node.input)
    return frozenset(found | {f"{INPUT_PREFIX}{info.name}" for info in graph.input if info.name in wanted})


def ledger_of_ir(
    source: LedgerDocument, sizes: Mapping[str, int], read: AbstractSet[str], kept: Kept
) -> LedgerDocument:
    """The account of the IR.

    Args:
        source: The account of the ONNX file.
        sizes: Number of elements of its initializers by name.
        read: Of `read_nodes`.
        kept: What the IR holds of it.

    Raises:
        InternalFault: CTK701 when an initializer of the account is not in the ONNX file.
    """
    layers = [
        entry if entry.fate == "dropped" else _settled(entry, sizes, read, kept) for entry in source.layers
    ]
    return _totalled(layers)


def _settled(entry: LayerEntry, sizes: Mapping[str, int], read: AbstractSet[str], kept: Kept) -> LayerEntry:
    if entry.nodes and read.isdisjoint(entry.nodes):
        return entry.model_copy(update={"fate": "dropped", "reason": _UNREAD, "nodes": [], "parameters": []})
    nodes = [node for node in entry.nodes if kept.has_node(node)]
    parameters = [_settled_parameter(entry.layer, parameter, sizes, kept) for parameter in entry.parameters]
    merged = {} if nodes else {"fate": "folded", "reason": entry.reason or _MERGED}
    return entry.model_copy(update={"nodes": nodes, "parameters": parameters, **merged})


def _settled_parameter(
    layer: str, parameter: ParameterEntry, sizes: Mapping[str, int], kept: Kept
) -> ParameterEntry:
    name = parameter.initializer
    if name is None:
        return parameter
    if name not in sizes:
        raise InternalFault("CTK701", f"the ledger's initializer {name!r} of layer {layer!r} is not there")
    if kept.constants.get(name) == sizes[name]:
        return parameter
    return parameter.model_copy(update={"initializer": None, "reason": _MERGED_NUMBERS})


def _totalled(layers: list[LayerEntry]) -> LedgerDocument:
    parameters = [parameter for entry in layers for parameter in entry.parameters]
    fates = [entry.fate for entry in layers]
    return LedgerDocument(
        layers=layers,
        layers_total=len(layers),
        layers_converted=fates.count("converted"),
        layers_folded=fates.count("folded"),
        layers_dropped=fates.count("dropped"),
        elements_total=sum(p.elements for p in parameters),
        elements_converted=sum(p.elements for p in parameters if p.initializer is not None),
        elements_folded=sum(p.elements for p in parameters if p.initializer is None),
    )
