"""Nodes of an ONNX graph as parts: a file's own, or those that ctk would make of a Caffe network."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from converters.caffe.wiring import unique_name
from converters.diff.comparable import Part, Source

if TYPE_CHECKING:
    from onnx import AttributeProto

Dims = Mapping[str, tuple[int | str, ...]]


@dataclass(frozen=True, slots=True)
class PlainNode:
    """What two kinds of graph have in common of a node."""

    name: str
    op: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Mapping[str, Any]


def parts_of(
    nodes: Iterable[PlainNode], inputs: Collection[str], weights: Collection[str], dims: Dims
) -> tuple[list[Part], dict[str, Source]]:
    """Nodes as parts.

    Args:
        nodes: In the order of execution.
        inputs: Names of the graph's inputs.
        weights: Names of its initializers.
        dims: Shapes of values, as far as they are known.

    Returns:
        The parts, and the source of every value.
    """
    sources = {name: Source("weight", name) for name in weights}
    sources |= {name: Source("input", name) for name in inputs}
    sources[""] = Source("nothing", "")
    taken: set[str] = set()
    parts = []
    for node in nodes:
        name = unique_name(node.name or next(iter(node.outputs), node.op), taken)
        read = tuple(sources.get(value, Source("nothing", value)) for value in node.inputs)
        made = tuple(dims.get(value) for value in node.outputs)
        parts.append(Part(name, node.op, node.attributes, read, made, tuple(node.outputs)))
        sources |= {value: Source("part", name, slot) for slot, value in enumerate(node.outputs) if value}
    return parts, sources


def plain_attribute(value: Any) -> Any:
    """An attribute of a node of ours, as it reads in a file: floats are 32 bits wide."""
    if isinstance(value, (list, tuple)):
        return [plain_attribute(item) for item in value]
    return float(np.float32(value)) if isinstance(value, float) else value


def read_attribute(attribute: AttributeProto) -> Any:
    """An attribute of a file; what is no number or text (a tensor, a graph) as a hash of its bytes."""
    from onnx import AttributeProto as A

    plain = {
        A.FLOAT: "f",
        A.INT: "i",
        A.FLOATS: "floats",
        A.INTS: "ints",
        A.STRING: "s",
        A.STRINGS: "strings",
    }
    field = plain.get(attribute.type)
    if field is None:
        digest = sha256(attribute.SerializeToString(deterministic=True)).hexdigest()[:16]
        return f"{A.AttributeType.Name(attribute.type).lower()} {digest}"
    value = getattr(attribute, field)
    if attribute.type == A.STRING:
        return value.decode("utf-8", "backslashreplace")
    if attribute.type == A.STRINGS:
        return [text.decode("utf-8", "backslashreplace") for text in value]
    return value if attribute.type in {A.FLOAT, A.INT} else list(value)
