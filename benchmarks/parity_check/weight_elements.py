"""How many elements of an artifact's weight constants are held in which type."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from xml.parsers import expat

from toolkit.files import opened

if TYPE_CHECKING:
    from onnx import GraphProto, TensorProto

_CHUNK_BYTES = 2**20
# Precision and bytes of one element; other types (shapes, indices, flags) are no weights.
_IR_TYPES = {
    "f64": ("f32", 8), "f32": ("f32", 4), "f16": ("f16", 2), "bf16": ("bf16", 2), "i8": ("i8", 1), "u8": ("i8", 1),
}  # fmt: skip
_ONNX_TYPES = {
    "DOUBLE": "f32", "FLOAT": "f32", "FLOAT16": "f16", "BFLOAT16": "bf16", "INT8": "i8", "UINT8": "i8",
}  # fmt: skip


def elements_of_onnx(graph: GraphProto) -> Mapping[str, int]:
    """By precision, over the constants that a node of the graph, or of a graph within a node, reads."""
    from onnx import TensorProto

    types = {getattr(TensorProto, name): word for name, word in _ONNX_TYPES.items()}
    found: Counter[str] = Counter()
    for tensor in _constants_read(graph):
        if tensor.data_type in types:
            found[types[tensor.data_type]] += math.prod(tensor.dims)
    return dict(found)


def _constants_read(graph: GraphProto) -> Iterator[TensorProto]:
    graphs = list(_graphs(graph))
    read = {name for one in graphs for node in one.node for name in node.input}
    for one in graphs:
        yield from (tensor for tensor in one.initializer if tensor.name in read)
        for node in one.node:
            if node.op_type == "Constant" and set(node.output) & read:
                yield from (attribute.t for attribute in node.attribute if attribute.name == "value")


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """The graph and those within; protobuf itself bounds how deep they nest."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _graphs(inner)


def elements_of_ir(xml: Path) -> Mapping[str, int]:
    """By precision, over all constants of an IR whose xml was read once (`toolkit.ir_files.read_facts`)."""
    found: Counter[str] = Counter()
    constant = [False]

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "layer":
            constant[0] = attributes.get("type") == "Const"
        elif name == "data" and constant[0]:
            word, width = _IR_TYPES.get(attributes.get("element_type", ""), ("", 1))
            size = attributes.get("size", "")
            if word and size.isascii() and size.isdigit() and len(size) < 20:
                found[word] += int(size) // width

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = start
    with opened(xml, "OpenVINO IR") as file:
        while chunk := file.read(_CHUNK_BYTES):
            parser.Parse(chunk, False)
    return dict(found)
