"""Receptive fields of the values of an ONNX graph; what cannot be told is left open, never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from converters.caffe.layers.registry import Reach
from converters.inspection import receptive_field as rf
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
    if node.op_type in _WINDOWED and read[0] == node.input[0] and len(field) == rank:
        reaches = _reaches(node, shapes, rank - 2)
        return rf.unknown(rank) if reaches is None else rf.through(field, reaches)
    if node.op_type == "Transpose":
        order = _attributes(node).get("perm") or range(rank)[::-1]
        return (
            tuple(field[axis] for axis in order)
            if sorted(order) == list(range(len(field)))
            else rf.unknown(rank)
        )
    if node.op_type in _SOFTMAX:
        return _softmax(node, field, opset)
    if node.op_type == "Concat":
        joined = rf.merged([fields[name] for name in read], rank)
        return _without(joined, [_attributes(node).get("axis", 1)])
    if node.op_type in _POINTWISE and all(_aligned(shapes, n, output) for n in read):
        return rf.merged([fields[name] for name in read], rank)
    return rf.unknown(rank)


def _aligned(shapes: Shapes, read: str, output: str) -> bool:
    """Whether a value surely is not spread over an axis: sizes are equal, or open and not 1."""
    pair = shapes.dims.get(read, ()), shapes.dims.get(output, ())
    return len(pair[0]) == len(pair[1]) and all(
        a == b or (a != 1 and b != 1 and (isinstance(a, str) or isinstance(b, str)))
        for a, b in zip(*pair, strict=True)
    )


def _softmax(node: NodeProto, field: rf.ValueField, opset: int) -> rf.ValueField:
    """Along its axis everything is seen; before opset 13 along all that follow too."""
    axis = _attributes(node).get("axis", -1 if opset >= 13 else 1)
    axis = axis % len(field) if field else 0
    return _without(field, [axis] if opset >= 13 else range(axis, len(field)))


def _without(field: rf.ValueField, axes: Sequence[int]) -> rf.ValueField:
    left_out = {axis % len(field) for axis in axes} if field else set()
    return tuple(None if axis in left_out else known for axis, known in enumerate(field))


def _reaches(node: NodeProto, shapes: Shapes, spatial: int) -> list[Reach] | None:
    """Reach along each spatial axis; None where the kernel's size is not known or the numbers do not fit."""
    attributes = _attributes(node)
    weight = shapes.sizes(node.input[1]) if len(node.input) > 1 else None
    kernel = attributes.get("kernel_shape") or (weight[2:] if weight else None)
    if kernel is None:
        return None
    stride = attributes.get("strides") or [1] * spatial
    dilation = attributes.get("dilations") or [1] * spatial
    if not len(kernel) == len(stride) == len(dilation) == spatial or min(*kernel, *stride, *dilation, 1) < 1:
        return None
    up = node.op_type == "ConvTranspose"
    return [Reach(d * (k - 1) + 1, s, up) for k, s, d in zip(kernel, stride, dilation, strict=True)]


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
