"""Where cv2.dnn computes something else than ONNX says, without a word.

Found by running every operator that ctk emits, with its attributes varied, against onnxruntime 1.27 and the
golden cases, in opencv-python-headless 4.14. Every other operator of that sweep is right or refused on loading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.backends.node_probe import operator_type

if TYPE_CHECKING:
    from onnx import NodeProto

    from toolkit.backends.onnx_outline import Outline


@dataclass(frozen=True, slots=True)
class Deviation:
    """A node or layer that cv2.dnn gets wrong.

    Attributes:
        name: The node or layer.
        type: Its operator or layer type.
        reason: What cv2.dnn does.
        is_fatal: Whether it cannot run at all (the process dies, or the shape is wrong); else its numbers
            are wrong.
    """

    name: str
    type: str
    reason: str
    is_fatal: bool


Found = tuple[str, bool] | None
Rule = Callable[["NodeProto", "Outline"], Found]


def onnx_deviations(outline: Outline) -> tuple[Deviation, ...]:
    """The nodes of a graph that cv2.dnn gets wrong, in the order of the graph."""
    return tuple(_deviations(outline))


def _deviations(outline: Outline) -> Iterator[Deviation]:
    for index, node in enumerate(outline.graph.node):
        for rule in (_RULES.get(node.op_type), _vector_in_broadcast):
            found = rule(node, outline) if rule else None
            if found:
                yield Deviation(node.name or f"node {index}", operator_type(node), *found)
                break


def _reduction(node: NodeProto, outline: Outline) -> Found:
    rank = _rank(outline, node.input[0])
    if rank is None:
        return None
    axes = _axes(node, outline, rank)
    if len(axes) == rank > 1:
        return "a reduction of all axes ends the process", True
    return ("a reduction of three or more axes can give wrong numbers", False) if len(axes) > 2 else None


def _axes(node: NodeProto, outline: Outline, rank: int) -> Sequence[int]:
    given = _attributes(node).get("axes")
    if given is None and len(node.input) > 1 and node.input[1] in outline.constants:
        from onnx import numpy_helper

        given = [int(axis) for axis in numpy_helper.to_array(outline.constants[node.input[1]]).ravel()]
    return sorted({axis % rank for axis in given}) if given else range(rank)


def _average(node: NodeProto, _: Outline) -> Found:
    attributes = _attributes(node)
    padded = any(attributes.get("pads", ())) or attributes.get("auto_pad", b"NOTSET") != b"NOTSET"
    if attributes.get("count_include_pad") and padded:
        return "AveragePool leaves the padding out of its divisor in spite of count_include_pad", False
    return None


def _dilated(node: NodeProto, _: Outline) -> Found:
    if any(step != 1 for step in _attributes(node).get("dilations", ())):
        return f"{node.op_type} ignores its dilations, and its output has another shape", True
    return None


def _slope(node: NodeProto, outline: Outline) -> Found:
    """Right for one slope, and for one for each channel (axis 1)."""
    rank, slope = _rank(outline, node.input[0]), _dims(outline, node.input[1])
    if rank is None or slope is None:
        return None
    behind_channel = max(rank - 2, 0)
    wide = [place for place, size in enumerate(reversed(slope)) if size != 1]
    return None if wide in ([], [behind_channel]) else ("slopes that differ within a channel", False)


def _nearest(node: NodeProto, outline: Outline) -> Found:
    if _attributes(node).get("mode", b"nearest") != b"nearest":
        return None
    before, after = _dims(outline, node.input[0]), _dims(outline, node.output[0])
    if before and after and all(a and b and b % a == 0 for a, b in zip(before, after, strict=True)):
        return None
    return "nearest resizing by a factor that is no whole number takes other pixels", False


def _vector_in_broadcast(node: NodeProto, outline: Outline) -> Found:
    """A computed vector is a column to cv2.dnn, where ONNX makes a row of it."""
    if node.op_type not in _BROADCASTING:
        return None
    ranks = [_rank(outline, name) for name in node.input if name]
    computed = [name for name in node.input if name and name not in outline.constants]
    if any(_rank(outline, name) == 1 for name in computed) and any(rank and rank > 1 for rank in ranks):
        return "a computed vector is broadcast as a column", False
    return None


def _attributes(node: NodeProto) -> dict[str, Any]:
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _dims(outline: Outline, name: str) -> tuple[int | None, ...] | None:
    """Sizes of a value, None for an open one; None where even the number of axes is unknown."""
    if name in outline.constants:
        return tuple(outline.constants[name].dims)
    value = outline.types.get(name)
    if value is None or not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    return tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in dims)


def _rank(outline: Outline, name: str) -> int | None:
    dims = _dims(outline, name)
    return None if dims is None else len(dims)


_BROADCASTING = frozenset({"Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "Pow", "Where", "PRelu"})
_REDUCTIONS = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")
_RULES: dict[str, Rule] = {
    **dict.fromkeys((f"Reduce{kind}" for kind in _REDUCTIONS), _reduction),
    "AveragePool": _average,
    "ConvTranspose": _dilated,
    "MaxPool": _dilated,
    "PRelu": _slope,
    "Resize": _nearest,
}
