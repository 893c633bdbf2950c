"""Attributes of ONNX nodes, and shapes of the values that they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnx import NodeProto

    from toolkit.backends.onnx_outline import Outline


def attributes_of(node: NodeProto) -> dict[str, Any]:
    """Attributes by name as Python values; words are bytes."""
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def dims_of(outline: Outline, name: str) -> tuple[int | None, ...] | None:
    """Sizes of a value, None for an open one; None where even the number of axes is unknown."""
    if name in outline.constants:
        return tuple(outline.constants[name].dims)
    value = outline.types.get(name)
    if value is None or not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    return tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in dims)


def rank_of(outline: Outline, name: str) -> int | None:
    """Number of axes of a value; None where that is unknown."""
    dims = dims_of(outline, name)
    return None if dims is None else len(dims)
