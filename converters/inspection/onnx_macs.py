"""Multiply-accumulates of ONNX nodes, from shapes alone.

Conv: every output number takes (channels / group) * kernel products. ConvTranspose: every input number
goes through (outputs / group) * kernel products. Gemm and MatMul: every output number takes as many as the
contracted axis is long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from converters.inspection.graph_rows import times
from converters.inspection.onnx_shapes import Shapes

if TYPE_CHECKING:
    from onnx import NodeProto

# Operators that multiply and accumulate in other forms; a reader is told that they are not in the sum.
UNCOUNTED = frozenset(
    [
        "Attention",
        "ConvInteger",
        "DeformConv",
        "Einsum",
        "GRU",
        "LSTM",
        "MatMulInteger",
        "MultiHeadAttention",
        "QLinearConv",
        "QLinearMatMul",
        "RNN",
        "Loop",
        "If",
        "Scan",
    ]
)


def macs_of(node: NodeProto, shapes: Shapes) -> int | None:
    """Multiply-accumulates of one node, for a batch of 1 where it is dynamic; None when a size is not known."""
    if node.domain not in {"", "ai.onnx"} or len(node.input) < 2:
        return 0
    if node.op_type == "Conv":
        return times(shapes.elements(node.output[0]), shapes.sizes(node.input[1]), 1)
    if node.op_type == "ConvTranspose":
        return times(shapes.elements(node.input[0]), shapes.sizes(node.input[1]), 1)
    if node.op_type in {"Gemm", "MatMul"}:
        transposed = any(item.name == "transA" and item.i for item in node.attribute)
        first = shapes.sizes(node.input[0])
        axis = 0 if transposed else -1
        return None if not first else times(shapes.elements(node.output[0]), (first[axis],), 0)
    return 0
