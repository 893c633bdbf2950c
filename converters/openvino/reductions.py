"""Reductions whose axes OpenVINO's reader for ONNX overlooks, read by our own rule instead.

In operator sets 13 to 17 the axes of ReduceL1, ReduceLogSum and ReduceLogSumExp are an attribute, and the reader
looks for an input: it reduces all axes (openvinotoolkit/openvino#38238).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from converters.openvino.bodies import nodes_in_bodies, opset_of

if TYPE_CHECKING:
    from onnx import ModelProto

OVERLOOKED = frozenset({"ReduceL1", "ReduceLogSum", "ReduceLogSumExp"})
_OPSETS = range(13, 18)


def teach_reductions(reader: Any, parsed: ModelProto) -> None:
    """Gives OpenVINO's reader a rule of its own for each of them that a file needs.

    Args:
        reader: ``openvino.frontend.FrontEnd`` for ONNX.
        parsed: The ONNX file.
    """
    opset = opset_of(parsed)
    if opset not in _OPSETS:
        return
    from openvino.frontend.onnx import ConversionExtension

    nodes = (*parsed.graph.node, *(node for node, _ in nodes_in_bodies(parsed)))
    for kind in sorted({node.op_type for node in nodes} & OVERLOOKED):
        reader.add_extension(ConversionExtension(kind, _RULES[kind]))


def _l1(node: Any) -> list[Any]:
    from openvino import opset13

    x, axes, keep = _parts(node)
    return [opset13.reduce_l1(x, axes, keep).output(0)]


def _log_sum(node: Any) -> list[Any]:
    from openvino import opset13

    x, axes, keep = _parts(node)
    return [opset13.log(opset13.reduce_sum(x, axes, keep)).output(0)]


def _log_sum_exp(node: Any) -> list[Any]:
    """With the largest value taken out, so that the exponential does not overflow."""
    from openvino import opset13

    x, axes, keep = _parts(node)
    shifted = opset13.subtract(x, opset13.reduce_max(x, axes, True))
    total = opset13.log(opset13.reduce_sum(opset13.exp(shifted), axes, keep))
    return [opset13.add(total, opset13.reduce_max(x, axes, keep)).output(0)]


def _parts(node: Any) -> tuple[Any, Any, bool]:
    """Input, axes (all of them where none are stated) and ``keepdims`` of a reduction."""
    from openvino import opset13

    x = node.get_input(0)
    keep = bool(node.get_attribute("keepdims", 1))
    if node.has_attribute("axes"):
        return x, opset13.constant(np.asarray(node.get_attribute("axes"), np.int64)), keep
    rank = opset13.squeeze(opset13.shape_of(opset13.shape_of(x)), opset13.constant(np.int64(0)))
    zero, one = opset13.constant(np.int64(0)), opset13.constant(np.int64(1))
    return x, opset13.range(zero, rank, one, "i64"), keep


_RULES = {"ReduceL1": _l1, "ReduceLogSum": _log_sum, "ReduceLogSumExp": _log_sum_exp}
