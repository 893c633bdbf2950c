"""Which nodes of an ONNX file a runtime cannot execute, found by trying each alone (see `Backend.supports`).

What a runtime lacks it tells only when it loads a graph, and then of the first node alone. Here every
distinct node (operator, attributes, element types and shapes of its inputs) becomes a model of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.backends.onnx_outline import Outline, captured_names, read_outline
from toolkit.backends.probe_constants import stand_in
from toolkit.backends.protocol import Lacking
from toolkit.errors import printable

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto

# ONNX's own domain goes by two names.
_OWN = ("", "ai.onnx")
_LONGEST_REASON = 300


def probe_nodes(model: Path, try_node: Callable[[bytes], object]) -> tuple[Lacking, ...]:
    """Tries every node of a graph alone; nodes inside another's subgraph are tried as a part of it.

    A node whose inputs have no known type, since they come from an operator that ONNX does not know, is
    tried on f32 of any shape, and is lacking only where ONNX does not know it either: its failure would
    prove nothing.

    Args:
        model: An ONNX file. Its weights need not be there: small positive numbers of the same shape
            take the place of every large constant.
        try_node: Given a serialised ONNX model of one node; raises whatever it likes when the runtime
            cannot load that; `MemoryError` and interrupts are not caught.

    Returns:
        Every node that failed, in the order of the graph, with the first line of the exception's text.

    Raises:
        BadInput: CTK501, CTK502 or CTK517 for the file.
    """
    outline = read_outline(model)
    tried: dict[bytes, str | None] = {}
    lacking = []
    for index, node in enumerate(outline.graph.node):
        part = _OneNode(outline, node)
        key = part.serialised(with_data=False)
        if key not in tried:
            tried[key] = _failure(try_node, part.serialised(with_data=True))
        reason = tried[key]
        if reason is not None and (part.typed or not _known(outline, node)):
            lacking.append(Lacking(node.name or f"node {index}", operator_type(node), reason))
    return tuple(lacking)


def operator_type(node: NodeProto) -> str:
    """The operator, with its domain before a colon where that is not ONNX's own."""
    return node.op_type if node.domain in _OWN else f"{node.domain}:{node.op_type}"


def _failure(try_node: Callable[[bytes], object], model: bytes) -> str | None:
    try:
        try_node(model)
    except MemoryError:
        raise
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return printable(lines[0])[:_LONGEST_REASON]
    return None


def _known(outline: Outline, node: NodeProto) -> bool:
    import onnx

    if any((f.domain, f.name) == (node.domain, node.op_type) for f in outline.functions):
        return True
    domain = "" if node.domain in _OWN else node.domain
    return bool(onnx.defs.has(node.op_type, domain))


@dataclass
class _OneNode:
    """A node cut out of its graph.

    Attributes:
        outline: The graph's types and constants.
        node: The node as it stands there.
        typed: Whether ONNX tells the types of all its inputs.
    """

    outline: Outline
    node: NodeProto
    typed: bool = field(default=True, init=False)

    def serialised(self, *, with_data: bool) -> bytes:
        """A model of this node alone; without the data of its constants, a key that equal nodes share."""
        from onnx import GraphProto

        # Captured names stand inside subgraphs and keep theirs; direct inputs are numbered by place.
        renamed = self._renamed()
        graph = GraphProto(name="probe")
        copy = graph.node.add()
        copy.CopyFrom(self.node)
        copy.name = copy.doc_string = ""
        copy.input[:] = [renamed.get(name, name) for name in self.node.input]
        copy.output[:] = [f"o{i}" if name else "" for i, name in enumerate(self.node.output)]
        for name, new in renamed.items():
            self._declare(graph, name, new, with_data=with_data)
        for i, name in enumerate(self.node.output):
            if name:
                graph.output.append(self._value(name, f"o{i}"))
        return self._model(graph).SerializeToString(deterministic=True)

    def _renamed(self) -> Mapping[str, str]:
        inside = captured_names(self.node)
        names = dict.fromkeys(name for name in (*self.node.input, *inside) if name)
        return {name: name if name in inside else f"i{i}" for i, name in enumerate(names)}

    def _declare(self, graph: GraphProto, name: str, new: str, *, with_data: bool) -> None:
        tensor = self.outline.constants.get(name)
        constant = stand_in(tensor, with_data=with_data) if tensor is not None else None
        if constant is not None:
            constant.name = new
            graph.initializer.append(constant)
            return
        graph.input.append(self._value(name, new) if tensor is None else _as_input(tensor, new))
        if tensor is None and name not in self.outline.types:
            self.typed = False
            _set_unknown(graph.input[-1])

    def _value(self, name: str, new: str) -> ValueInfoProto:
        from onnx import ValueInfoProto

        value = ValueInfoProto()
        if name in self.outline.types:
            value.CopyFrom(self.outline.types[name])
        value.name = new
        value.doc_string = ""
        return value

    def _model(self, graph: GraphProto) -> ModelProto:
        from onnx import ModelProto

        return ModelProto(
            ir_version=self.outline.ir_version,
            opset_import=self.outline.opsets,
            functions=self.outline.functions,
            graph=graph,
        )


def _as_input(tensor: TensorProto, name: str) -> ValueInfoProto:
    from onnx import helper

    return helper.make_tensor_value_info(name, tensor.data_type, list(tensor.dims))


def _set_unknown(value: ValueInfoProto) -> None:
    from onnx import TensorProto

    value.type.tensor_type.elem_type = TensorProto.FLOAT


if TYPE_CHECKING:
    from onnx import GraphProto
