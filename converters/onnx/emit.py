"""`Net` to ONNX graph, with a ledger that accounts for every layer and parameter."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.caffe.layers import registry
from converters.caffe.network import Net
from converters.caffe.wiring import unique_name
from converters.ledger import Ledger
from converters.onnx.emitter import Emitter, tensor_info
from converters.onnx.graph import OPSETS, Graph, Initializer, Node, TensorInfo
from toolkit.errors import InternalFault, UsageFault
from toolkit.ledger import LedgerDocument


def emit_onnx(
    net: Net, opset: int, mean_inside: tuple[str, float] | None = None
) -> tuple[Graph, LedgerDocument]:
    """Emits every layer through its registered handler.

    Args:
        net: The network.
        opset: Operator set, 11 to 21.
        mean_inside: Graph input and the number subtracted from it inside the graph.

    Returns:
        The graph, and the closed ledger.

    Raises:
        UsageFault: CTK604 for an operator set that is not offered.
        InternalFault: CTK701 when a layer or parameter got lost.
    """
    if opset not in OPSETS:
        raise UsageFault(
            "CTK604", f"opset {opset} is not offered", notes=[f"offered: {OPSETS[0]} to {OPSETS[-1]}"]
        )
    registry.load_all()
    graph = Graph(net.name or "caffe", opset, taken=set(net.values))
    ledger = Ledger()
    owned: dict[tuple[Any, ...], str] = {}
    for layer in net.layers:
        registry.EMISSIONS[layer.type](layer, Emitter(layer, net, graph, ledger, owned))
    document = ledger.close(
        (layer.index, layer.name, layer.type, [blob.values.size for blob in layer.blobs])
        for layer in net.layers
        if layer.index >= 0  # a blob that a piece starts at is made an input by no layer of the source
    )
    graph.outputs = [tensor_info(net, name) for name in net.outputs]
    made = {output for node in graph.nodes for output in node.outputs}
    shown = {info.name for info in (*graph.inputs, *graph.outputs)}
    graph.inner = [tensor_info(net, name) for name in net.values if name in made and name not in shown]
    if mean_inside is not None:
        _subtract_mean(graph, *mean_inside)
    _refuse_loose_ends(graph)
    return graph, document


def _refuse_loose_ends(graph: Graph) -> None:
    """The other half of the ledger: what it calls converted must be wired up."""
    held = [item.name for item in graph.initializers]
    made = {*(info.name for info in graph.inputs), *held, *(o for node in graph.nodes for o in node.outputs)}
    wanted = [*(i for node in graph.nodes for i in node.inputs), *(info.name for info in graph.outputs)]
    missing = next((name for name in wanted if name and name not in made), None)
    if missing is not None:
        raise InternalFault("CTK701", f"value {missing!r} is read, and no node of the graph makes it")
    used = set(wanted)
    unread = next((name for name in held if name not in used), None)
    if unread is not None:
        raise InternalFault("CTK701", f"initializer {unread!r} is in the ledger, and no node reads it")


def _subtract_mean(graph: Graph, name: str, mean: float) -> None:
    """Puts a Sub behind a graph input; everything that read the input reads its result."""
    info = next(info for info in graph.inputs if info.name == name)
    centred = unique_name(f"{name}@mean", graph.taken)
    constant = unique_name(f"{name}.mean", graph.taken)
    for i, node in enumerate(graph.nodes):
        if name in node.inputs:
            inputs = tuple(centred if read == name else read for read in node.inputs)
            graph.nodes[i] = Node(node.op, node.name, inputs, node.outputs, node.attributes)
    node_name = unique_name("mean", graph.node_names)
    graph.nodes.insert(0, Node("Sub", node_name, (name, constant), (centred,), {}))
    graph.initializers.insert(0, Initializer(constant, np.asarray([mean], np.float32)))
    graph.inner.insert(0, TensorInfo(centred, info.dims))
