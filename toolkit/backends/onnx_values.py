"""Inputs and outputs of an ONNX graph as a backend tells of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from toolkit.backends.protocol import TensorInfo

if TYPE_CHECKING:
    from onnx import GraphProto, ValueInfoProto


def tensor_infos(values: Iterable[ValueInfoProto]) -> dict[str, TensorInfo]:
    """Shape and element type by name, in order.

    Args:
        values: Of ``graph.input`` or ``graph.output``; all of them tensors. A dimension without a number is
            open, and so is the rank where no shape is stated.
    """
    from onnx import helper

    found = {}
    for value in values:
        tensor = value.type.tensor_type
        sizes = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
        found[value.name] = TensorInfo(tuple(sizes), dtype, any_rank=not tensor.HasField("shape"))
    return found


def read_inputs(graph: GraphProto) -> list[ValueInfoProto]:
    """The inputs that a caller gives: older files list their initializers among them."""
    constants = {tensor.name for tensor in graph.initializer}
    constants |= {tensor.values.name for tensor in graph.sparse_initializer}
    return [value for value in graph.input if value.name not in constants]
