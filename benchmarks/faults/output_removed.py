"""An output that the artifact does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from benchmarks.faults.searching import outputs_of_reals

if TYPE_CHECKING:
    from onnx import NodeProto


def make(graph: FaultGraph) -> Place | None:
    """Takes away the last output; where it is the only one, the graph ends one node earlier."""
    outputs = graph.model.graph.output
    last = outputs[-1]
    maker = graph.maker(last.name)
    if maker is None:
        return None
    if len(outputs) > 1:
        del outputs[-1]
        return Place(graph.layer(maker), f"the output {last.name} is missing")
    if last.name not in outputs_of_reals(graph):
        return None
    return _cut(graph, maker, last.name)


def _cut(graph: FaultGraph, maker: NodeProto, output: str) -> Place:
    """Ends the graph with what the last node reads."""
    from onnx import helper

    inner = (name for name in maker.input if graph.maker(name) is not None)
    read = next((name for name in inner if graph.dtype(name) == graph.dtype(output)), None)
    layer = graph.layer(maker)
    info = graph.model.graph.output[0]
    if read is None:  # the network may be one node: what it makes goes by another name
        read = f"{output}/renamed"
        graph.make("Identity", [output], read, maker)
    element_type, shape = info.type.tensor_type.elem_type, graph.shape(read)
    info.CopyFrom(helper.make_tensor_value_info(read, element_type, shape))
    if not graph.readers(output) and len(maker.output) == 1:
        graph.model.graph.node.remove(maker)
    kept = [value for value in graph.model.graph.value_info if value.name != read]
    del graph.model.graph.value_info[:]
    graph.model.graph.value_info.extend(kept)
    return Place(layer, f"the output {output} is missing, and {read} is there in its place")


FAULT = Fault("output-removed", "an output is missing", make, control=True)
