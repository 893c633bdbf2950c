"""Small ONNX graphs from one input ``x`` to one output ``y``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper


def graph(
    nodes: list[onnx.NodeProto],
    initializers: Sequence[onnx.TensorProto] = (),
    *,
    element: int = TensorProto.FLOAT,
    shape: Sequence[int | str] | None = (1, 2, "h", 5),
    opset: int = 13,
    domains: Sequence[str] = (),
) -> onnx.ModelProto:
    """Nodes from ``x`` (of that element type and shape) to ``y``."""
    inputs = [helper.make_tensor_value_info("x", element, shape)]
    outputs = [helper.make_tensor_value_info("y", element, None)]
    body = helper.make_graph(nodes, "small", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(name, 1) for name in domains)]
    return helper.make_model(body, opset_imports=opsets, ir_version=8)


def saved(model: onnx.ModelProto, folder: Path, name: str = "net.onnx") -> Path:
    """The model in a file."""
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path
