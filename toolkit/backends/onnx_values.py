"""Inputs and outputs of an ONNX graph as a backend tells of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from toolkit.backends.protocol import TensorInfo

if TYPE_CHECKING:
    from onnx import ValueInfoProto


def tensor_infos(values: Iterable[ValueInfoProto]) -> dict[str, TensorInfo]:
    """Shape and element type by name, in order.

    Args:
        values: ``graph.input`` or ``graph.output``; all of them tensors. A dimension without a number is
            open.
    """
    from onnx import helper

    found = {}
    for value in values:
        tensor = value.type.tensor_type
        sizes = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
        found[value.name] = TensorInfo(tuple(sizes), helper.tensor_dtype_to_np_dtype(tensor.elem_type).name)
    return found
