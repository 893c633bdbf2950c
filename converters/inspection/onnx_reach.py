"""Receptive fields of the values of an ONNX graph; what cannot be told is left open, never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from converters.inspection import receptive_field as rf
from converters.inspection.graph_reach import aligned, transposed, windowed, without
from converters.inspection.onnx_shapes import Shapes

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

# Operators whose output at a position depends on their inputs at that position (and channel axis) only.
_POINTWISE = frozenset(
    [
        "Abs",
        "Add",
        "And",
        "BatchNormalization",
        "Cast",
        "Ceil",
        "Celu",
        "Clip",
        "DequantizeLinear",
        "Div",
        "Dropout",
        "Elu",
        "Equal",
        "Erf",
        "Exp",
        "Floor",
        "Gelu",
        "Greater",
        "GreaterOrEqual",
        "HardSigmoid",
        "HardSwish",
        "Identity",
        "LRN",
        "LeakyRelu",
        "Less",
        "LessOrEqual",
        "Log",
        "Max",
        "Mean",
        "Min",
        "Mish",
        "Mod",
        "Mul",
        "Neg",
        "Not",
        "Or",
        "PRelu",
        "Pow",
        "QuantizeLinear",
        "Reciprocal",
        "Relu",
        "Round",
        "Selu",
        "Shrink",
        "Sigmoid",
        "Sign",
        "Softplus",
        "Softsign",
        "Sqrt",
        "Sub",
        "Sum",
        "Tanh",
        "ThresholdedRelu",
        "Where",
        "Xor",
    ]
)
_WINDOWED = frozenset({"Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool"})
_SOFTMAX = frozenset({"Softmax", "LogSoftmax", "Hardmax"})
# Their results are sizes and types, not pictures.
_ABOUT_SHAPES = frozenset({"Shape", "Size"})


def value_fields(graph: GraphProto, shapes: Shapes, opset: int | None) -> dict[str, rf.ValueField]:
    """The field of every value that depends on an input; constants are absent.

    Args:
        graph: The graph.
        shapes: Shapes of its values.
        opset: Version of the default operator set; Softmax changed its meaning at 13.
    """
    fields = {name: rf.of_input(len(shapes.dims.get(name, ()))) for name in shapes.inputs}
    for node in graph.node:
        read = [name for name in node.input if name in fields]
        if not read or node.op_type in _ABOUT_SHAPES:
            continue
        for name in node.output:
            fields[name] = _behind(node, name, read, fields, shapes, opset or 0)
    return fields


def _behind(
    node: NodeProto,
    output: str,
    read: Sequence[str],
    fields: dict[str, rf.ValueField],
    shapes: Shapes,
    opset: int,
) -> rf.ValueField:
    rank = len(shapes.dims.get(output, ()))
    field = fields[read[0]]
    if node.domain not in {"", "ai.onnx"}:
        return rf.unknown(rank)
    if node.op_type in _WINDOWED and read[0] == node.input[0]:
        return _windowed(node, field, shapes, rank)
    if node.op_type == "Transpose":
        return transposed(field, _attributes(node).get("perm") or range(rank)[::-1], rank)
    if node.op_type in _SOFTMAX:
        return _softmax(node, field, opset)
    if node.op_type == "Concat":
        joined = rf.merged([fields[name] for name in read], rank)
        return without(joined, [_attributes(node).get("axis", 1)])
    if node.op_type in _POINTWISE and all(
        aligned(shapes.dims.get(name, ()), shapes.dims.get(output, ())) for name in read
    ):
        return rf.merged([fields[name] for name in read], rank)
    return rf.unknown(rank)


def _softmax(node: NodeProto, field: rf.ValueField, opset: int) -> rf.ValueField:
    """Along its axis everything is seen; before opset 13 along all that follow too."""
    axis = _attributes(node).get("axis", -1 if opset >= 13 else 1)
    axis = axis % len(field) if field else 0
    return without(field, [axis] if opset >= 13 else range(axis, len(field)))


def _windowed(node: NodeProto, field: rf.ValueField, shapes: Shapes, rank: int) -> rf.ValueField:
    attributes = _attributes(node)
    weight = shapes.sizes(node.input[1]) if len(node.input) > 1 else None
    return windowed(
        field,
        rank,
        attributes.get("kernel_shape") or (weight[2:] if weight else None),
        attributes.get("strides"),
        attributes.get("dilations"),
        is_upsampling=node.op_type == "ConvTranspose",
    )


def _attributes(node: NodeProto) -> dict[str, Any]:
    """Integer attributes, and lists of integers."""
    from onnx import AttributeProto

    found: dict[str, Any] = {}
    for item in node.attribute:
        if item.type == AttributeProto.INT:
            found[item.name] = item.i
        elif item.type == AttributeProto.INTS:
            found[item.name] = list(item.ints)
    return found
