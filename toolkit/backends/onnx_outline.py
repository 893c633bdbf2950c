"""An ONNX graph with the type of every value, read without its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.backends.probe_constants import SMALL_ELEMENTS, has_data
from toolkit.content import HEAD_BYTES, refuse_stand_in
from toolkit.errors import BadInput, Where
from toolkit.files import opened

if TYPE_CHECKING:
    from onnx import (
        FunctionProto,
        GraphProto,
        ModelProto,
        NodeProto,
        OperatorSetIdProto,
        TensorProto,
        ValueInfoProto,
    )


@dataclass(frozen=True, slots=True)
class Outline:
    """A graph and what is known about its values.

    Attributes:
        graph: Its nodes; its large initializers are inputs here.
        types: Element type and shape of every value for which ONNX tells them.
        constants: Initializers by name, and what Constant nodes hold; data may be missing.
        opsets: Operator sets in use.
        functions: Functions that the file defines.
        ir_version: Version of the file's format.
    """

    graph: GraphProto
    types: Mapping[str, ValueInfoProto]
    constants: Mapping[str, TensorProto]
    opsets: Sequence[OperatorSetIdProto]
    functions: Sequence[FunctionProto]
    ir_version: int


def read_outline(model: Path) -> Outline:
    """Reads an ONNX file and infers the types of its values; external data is not read.

    Raises:
        BadInput: CTK501 or CTK502 for the file, CTK517 when it is no ONNX graph.
    """
    proto = parsed(model)
    constants = {tensor.name: tensor for tensor in proto.graph.initializer}
    _make_inputs_of_large(proto.graph)
    inferred = _inferred(proto)
    graph = inferred.graph
    types = {value.name: value for value in (*graph.value_info, *graph.input, *graph.output)}
    for node in graph.node:
        value = next((found.t for found in node.attribute if found.name == "value"), None)
        if node.op_type == "Constant" and node.output and value is not None:
            constants[node.output[0]] = value
    return Outline(
        graph,
        {name: value for name, value in types.items() if value.type.WhichOneof("value")},
        constants,
        inferred.opset_import,
        inferred.functions,
        inferred.ir_version,
    )


def parsed(model: Path) -> ModelProto:
    """The file as a message, without its external data; raises as `read_outline`."""
    import onnx
    from google.protobuf.message import DecodeError

    with opened(model, "ONNX file") as file:
        refuse_stand_in(file.read(HEAD_BYTES), model, "onnx")
        file.seek(0)
        try:
            proto = onnx.load_model_from_string(file.read())
        except (DecodeError, ValueError) as error:
            notes = ["convert it again, or fetch it again"]
            raise BadInput("CTK517", f"the ONNX file is damaged: {error}", _at(model), notes) from error
    if not proto.graph.node:
        raise BadInput("CTK517", "the ONNX file is damaged: its graph has no nodes", _at(model))
    return proto


def captured_names(node: NodeProto) -> list[str]:
    """Values of the graph around it that a node's subgraphs read."""
    found: dict[str, None] = {}
    for attribute in node.attribute:
        for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
            found.update(dict.fromkeys(_free_names(graph)))
    return list(found)


def _free_names(graph: GraphProto) -> list[str]:
    made = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    free = []
    for node in graph.node:
        free += [name for name in (*node.input, *captured_names(node)) if name and name not in made]
        made.update(node.output)
    return free + [value.name for value in graph.output if value.name not in made]


def _at(model: Path) -> Where:
    return Where(file=str(model))


def _inferred(proto: ModelProto) -> ModelProto:
    """With the types that ONNX can tell; a graph that contradicts itself keeps those that it states."""
    import onnx

    try:
        return onnx.shape_inference.infer_shapes(proto, data_prop=True)
    except Exception:  # the library raises several classes; the node that is wrong shows when it is tried
        return proto


def _make_inputs_of_large(graph: GraphProto) -> None:
    """Only small constants matter to types, and inference copies the whole file."""
    from math import prod

    from onnx import helper

    small = [t for t in graph.initializer if prod(t.dims) <= SMALL_ELEMENTS and has_data(t)]
    kept = {tensor.name for tensor in small}
    given = {value.name for value in graph.input}
    for tensor in graph.initializer:
        if tensor.name not in kept | given:
            graph.input.append(
                helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
            )
    del graph.initializer[:]
    graph.initializer.extend(small)
