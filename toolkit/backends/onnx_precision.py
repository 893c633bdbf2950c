"""The precision that an ONNX file states for every tensor, where it is one and the same."""

from __future__ import annotations

from pathlib import Path


def uniform_precision(artifact: Path) -> str | None:
    """``f32`` when nothing in the graph computes in another type; None when that cannot be told.

    A CPU runtime that was not allowed reduced precision executes such a graph in f32 throughout. What it
    makes of f16, quantised or double tensors only its own executed graph tells.

    Args:
        artifact: An ONNX file; external data is not read.
    """
    import onnx
    from onnx import TensorProto

    graph = onnx.load_model(artifact, load_external_data=False).graph
    types = {tensor.data_type for tensor in graph.initializer}
    types |= {value.type.tensor_type.elem_type for value in (*graph.input, *graph.output)}
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                return None
            if attribute.HasField("t"):
                types.add(attribute.t.data_type)
            if node.op_type.startswith("Cast") and attribute.name == "to":
                types.add(attribute.i)
    indices = {TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL}
    return "f32" if types - indices == {TensorProto.FLOAT} else None
