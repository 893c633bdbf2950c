"""Receptive fields of the values of an OpenVINO IR; what cannot be told is left open, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from converters.inspection import receptive_field as rf
from converters.inspection.graph_reach import aligned, transposed, windowed, without
from converters.openvino.ir_network import DYNAMIC, IrLayer, IrPort, IrSource
from converters.openvino.ir_reading import Ir

Fields = Mapping[IrSource, rf.ValueField]

# Layers whose output at a position depends on their inputs at that position (and channel axis) only.
_POINTWISE = frozenset(
    [
        "Abs",
        "Add",
        "BatchNormInference",
        "Ceiling",
        "Clamp",
        "Convert",
        "Divide",
        "Elu",
        "Equal",
        "Erf",
        "Exp",
        "FakeQuantize",
        "Floor",
        "FloorMod",
        "Gelu",
        "Greater",
        "GreaterEqual",
        "GRN",
        "HSigmoid",
        "HSwish",
        "HardSigmoid",
        "Identity",
        "LRN",
        "Less",
        "LessEqual",
        "Log",
        "LogicalAnd",
        "LogicalNot",
        "LogicalOr",
        "LogicalXor",
        "Maximum",
        "Minimum",
        "Mish",
        "Mod",
        "Multiply",
        "Negative",
        "NotEqual",
        "PReLU",
        "Power",
        "ReLU",
        "Relu",
        "Round",
        "Select",
        "Selu",
        "Sigmoid",
        "Sign",
        "SoftPlus",
        "SoftSign",
        "Sqrt",
        "SquaredDifference",
        "Subtract",
        "Swish",
        "Tanh",
    ]
)
_WINDOWED = {
    "Convolution": 2, "ConvolutionBackpropData": 2, "GroupConvolution": 3, "GroupConvolutionBackpropData": 3,
    "MaxPool": 0, "AvgPool": 0,
}  # fmt: skip
"""Windowed layers, and how many axes of their weight are not spatial (0: the window is an attribute)."""
_SOFTMAX = frozenset({"SoftMax", "Softmax", "LogSoftmax"})
_ABOUT_SHAPES = frozenset({"ShapeOf"})


def value_fields(ir: Ir) -> dict[IrSource, rf.ValueField]:
    """The field of every value that depends on an input; constants are absent."""
    fields: dict[IrSource, rf.ValueField] = {}
    for layer in ir.network.layers.values():
        read = [source for source in layer.sources if source in fields]
        if layer.type == "Parameter":
            fields |= {IrSource(layer.id, i): rf.of_input(len(p.dims)) for i, p in enumerate(layer.outputs)}
        elif read and layer.type not in _ABOUT_SHAPES:
            for slot, port in enumerate(layer.outputs):
                fields[IrSource(layer.id, slot)] = _behind(layer, port, read, fields, ir)
    return fields


def integers(text: str | None) -> list[int] | None:
    """A list of numbers as an attribute spells it (``1, 1``); None when it is no such list."""
    try:
        return [int(word) for word in text.split(",")] if text and len(text) < 1000 else None
    except ValueError:
        return None


def _behind(layer: IrLayer, made: IrPort, read: Sequence[IrSource], fields: Fields, ir: Ir) -> rf.ValueField:
    rank = len(made.dims)
    field = fields[read[0]]
    if not layer.version.startswith("opset"):
        return rf.unknown(rank)
    if layer.type in _WINDOWED and read[0] == layer.sources[0]:
        return _windowed(layer, field, rank)
    if layer.type in _SOFTMAX:
        axis = integers(layer.attributes.get("axis", "1"))
        return without(field, axis) if axis and len(field) == rank else rf.unknown(rank)
    if layer.type == "Concat":
        axis = integers(layer.attributes.get("axis"))
        joined = rf.merged([fields[source] for source in read], rank)
        return without(joined, axis) if axis else rf.unknown(rank)
    if layer.type == "MatMul" and read == [layer.sources[0]] and _is_true(layer, "transpose_a") is False:
        return without(field, [-1]) if len(field) == rank else rf.unknown(rank)
    if layer.type in {"Transpose", "Reshape"}:
        return _rearranged(layer, field, rank, ir)
    if layer.type in _POINTWISE and all(aligned(_dims(ir, source), _open(made)) for source in read):
        return rf.merged([fields[source] for source in read], rank)
    return rf.unknown(rank)


def _windowed(layer: IrLayer, field: rf.ValueField, rank: int) -> rf.ValueField:
    lead = _WINDOWED[layer.type]
    kernel = list(layer.inputs[1].dims[lead:]) if lead and len(layer.inputs) > 1 else None
    return windowed(
        field,
        rank,
        kernel if lead else integers(layer.attributes.get("kernel")),
        integers(layer.attributes.get("strides")),
        integers(layer.attributes.get("dilations")),
        is_upsampling=layer.type.endswith("BackpropData"),
    )


def _rearranged(layer: IrLayer, field: rf.ValueField, rank: int, ir: Ir) -> rf.ValueField:
    order = _constant_of(layer, 1, ir)
    if layer.type == "Transpose":
        return transposed(field, order, rank) if order is not None else rf.unknown(rank)
    # A first size of 0 copies the first axis of what is read.
    keeps_first = order is not None and order[:1] == [0] and _is_true(layer, "special_zero")
    return (field[:1] + rf.unknown(rank - 1)) if keeps_first and field else rf.unknown(rank)


def _constant_of(layer: IrLayer, slot: int, ir: Ir) -> list[int] | None:
    constant = ir.constants.get(layer.sources[slot].layer) if len(layer.sources) > slot else None
    if constant is None or constant.load is None or constant.elements > 100:
        return None
    return [int(value) for value in constant.load().reshape(-1)]


def _is_true(layer: IrLayer, name: str) -> bool:
    return layer.attributes.get(name, "false") in {"true", "1"}


def _dims(ir: Ir, source: IrSource) -> tuple[int | str, ...]:
    return _open(ir.network.layers[source.layer].outputs[source.slot])


def _open(port: IrPort) -> tuple[int | str, ...]:
    return tuple("?" if size == DYNAMIC else size for size in port.dims)
