"""An ONNX node as the backend `torch` executes it, and the table in which its operators register.

An operator is one function ``(node, inputs) -> outputs``; a node that its ``refusal`` names a reason for is
reported by ``supports`` and never executed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnx import NodeProto

Tensors = Sequence[Any]  # torch tensors; None for an optional input that is left out
Function = Callable[["TorchNode", Tensors], Any]
Refusal = Callable[["TorchNode"], str | None]

LEAST_OPSET, MOST_OPSET = 11, 21
"""Operator sets that ctk writes; the operators of others may mean something else."""


@dataclass(frozen=True, slots=True)
class TorchNode:
    """A node without the graph around it.

    Attributes:
        name: Its name, or that of its first output.
        op: Operator.
        inputs: Names; empty for an optional input that is left out.
        outputs: Names; empty for an output that nobody wants.
        attributes: By name, as Python values.
        opset: Version of the operator set.
        real: The ``torch.dtype`` that stands for f32.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    opset: int
    real: Any = None

    def get(self, attribute: str, default: Any) -> Any:
        """An attribute, or ONNX's default for it."""
        return self.attributes.get(attribute, default)

    def text(self, attribute: str, default: str) -> str:
        """An attribute that is a word."""
        value = self.attributes.get(attribute, default)
        return value.decode() if isinstance(value, bytes) else str(value)


@dataclass(frozen=True, slots=True)
class Operator:
    """How an operator is executed.

    Attributes:
        function: Gives the output, or a tuple of outputs.
        attributes: Names of the attributes that it heeds.
        refusal: Why it cannot execute a node of these attributes; None when it can.
    """

    function: Function
    attributes: frozenset[str] = frozenset()
    refusal: Refusal = field(default=lambda node: None)  # noqa: ARG005


OPERATORS: dict[str, Operator] = {}


def operator(
    *names: str, heeds: Sequence[str] = (), refusal: Refusal | None = None
) -> Callable[[Function], Function]:
    """Registers a function for operators."""

    def register(function: Function) -> Function:
        entry = Operator(function, frozenset(heeds), *([refusal] if refusal else []))
        for name in names:
            if name in OPERATORS:
                raise RuntimeError(f"operator {name} is registered twice")
            OPERATORS[name] = entry
        return function

    return register


def torch_node(node: NodeProto, opset: int, real: Any = None) -> TorchNode:
    """A node of an ONNX file."""
    from onnx import helper

    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    name = node.name or next(iter(node.output), "")
    return TorchNode(name, node.op_type, tuple(node.input), tuple(node.output), attributes, opset, real)


def why_not(node: TorchNode, domain: str = "") -> str | None:
    """Why the backend cannot execute a node; None when it can."""
    found = OPERATORS.get(node.op) if domain in {"", "ai.onnx"} else None
    if found is None:
        return "the backend torch has no such operator"
    if not LEAST_OPSET <= node.opset <= MOST_OPSET:
        return f"the backend torch knows operator sets {LEAST_OPSET} to {MOST_OPSET}, not {node.opset}"
    strange = sorted(set(node.attributes) - found.attributes)
    if strange:
        return f"the backend torch does not know its attribute {strange[0]!r}"
    return found.refusal(node)
