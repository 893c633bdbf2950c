"""Where cv2.dnn computes something else than ONNX says, without a word.

Found by running every operator that ctk emits, with its attributes varied, against onnxruntime 1.27 and the
golden cases, in opencv-python-headless 4.14. Every other operator of that sweep is right or refused on loading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from toolkit.backends.deviations import Deviation
from toolkit.backends.node_probe import operator_type
from toolkit.backends.onnx_facts import attributes_of, dims_of, rank_of

if TYPE_CHECKING:
    from onnx import NodeProto

    from toolkit.backends.onnx_outline import Outline


__all__ = ["Deviation", "onnx_deviations"]

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
    rank = rank_of(outline, node.input[0])
    if rank is None:
        return None
    axes = _axes(node, outline, rank)
    if len(axes) == rank > 1:
        return "a reduction of all axes ends the process", True
    return ("a reduction of three or more axes can give wrong numbers", False) if len(axes) > 2 else None


def _axes(node: NodeProto, outline: Outline, rank: int) -> Sequence[int]:
    given = attributes_of(node).get("axes")
    if given is None and len(node.input) > 1 and node.input[1] in outline.constants:
        from onnx import numpy_helper

        given = [int(axis) for axis in numpy_helper.to_array(outline.constants[node.input[1]]).ravel()]
    return sorted({axis % rank for axis in given}) if given else range(rank)


def _average(node: NodeProto, outline: Outline) -> Found:
    attributes = attributes_of(node)
    padded = any(attributes.get("pads", ())) or attributes.get("auto_pad", b"NOTSET") != b"NOTSET"
    if attributes.get("count_include_pad") and padded:
        return "AveragePool leaves the padding out of its divisor in spite of count_include_pad", False
    return _padded_at_the_end(node, outline)


def _convolution(node: NodeProto, outline: Outline) -> Found:
    weight = dims_of(outline, node.input[1]) or (None, None)
    return _padded_at_the_end(node, outline, weight[2:])


def _max(node: NodeProto, outline: Outline) -> Found:
    return _dilated(node, outline) or _padded_at_the_end(node, outline)


def _padded_at_the_end(
    node: NodeProto, outline: Outline, kernel: Sequence[int | None] | None = None
) -> Found:
    """SAME_LOWER differs from SAME_UPPER where the padding of an axis is odd; open sizes may make it so."""
    attributes = attributes_of(node)
    if attributes.get("auto_pad") != b"SAME_LOWER":
        return None
    sizes = (dims_of(outline, node.input[0]) or ())[2:]
    kernel = attributes.get("kernel_shape", kernel) or ()
    strides, dilations = (attributes.get(name) or [1] * len(sizes) for name in ("strides", "dilations"))
    axes = zip(sizes, kernel, strides, dilations, strict=False)
    if sizes and all(_padding_is_even(*axis) for axis in axes):
        return None
    return f"{node.op_type} puts the odd row or column of SAME_LOWER at the end", False


def _padding_is_even(size: int | None, kernel: int | None, stride: int, dilation: int) -> bool:
    if size is None or kernel is None:
        return False
    return max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0) % 2 == 0


def _deconvolution(node: NodeProto, outline: Outline) -> Found:
    attributes = attributes_of(node)
    mode = attributes.get("auto_pad", b"NOTSET")
    if mode in {b"SAME_UPPER", b"SAME_LOWER"} and any(step != 1 for step in attributes.get("strides", ())):
        return f"ConvTranspose misreads {mode.decode()} with strides, and its output has another shape", True
    weight = dims_of(outline, node.input[1]) or ()
    kernel = attributes.get("kernel_shape", weight[2:])
    if mode == b"SAME_LOWER" and (not kernel or any(size is None or size % 2 == 0 for size in kernel)):
        return "ConvTranspose cuts the odd row or column of SAME_LOWER off at the wrong end", False
    return _dilated(node, outline)


def _dilated(node: NodeProto, _: Outline) -> Found:
    if any(step != 1 for step in attributes_of(node).get("dilations", ())):
        return f"{node.op_type} ignores its dilations, and its output has another shape", True
    return None


def _slope(node: NodeProto, outline: Outline) -> Found:
    """Right for one slope, and for one for each channel (axis 1)."""
    rank, slope = rank_of(outline, node.input[0]), dims_of(outline, node.input[1])
    if rank is None or slope is None:
        return None
    behind_channel = max(rank - 2, 0)
    wide = [place for place, size in enumerate(reversed(slope)) if size != 1]
    return None if wide in ([], [behind_channel]) else ("slopes that differ within a channel", False)


def _nearest(node: NodeProto, outline: Outline) -> Found:
    if attributes_of(node).get("mode", b"nearest") != b"nearest":
        return None
    before, after = dims_of(outline, node.input[0]), dims_of(outline, node.output[0])
    if before and after and all(a and b and b % a == 0 for a, b in zip(before, after, strict=True)):
        return None
    return "nearest resizing by a factor that is no whole number takes other pixels", False


def _vector_in_broadcast(node: NodeProto, outline: Outline) -> Found:
    """A computed vector is a column to cv2.dnn, where ONNX makes a row of it."""
    if node.op_type not in _BROADCASTING:
        return None
    ranks = [rank_of(outline, name) for name in node.input if name]
    computed = [name for name in node.input if name and name not in outline.constants]
    if any(rank_of(outline, name) == 1 for name in computed) and any(rank and rank > 1 for rank in ranks):
        return "a computed vector is broadcast as a column", False
    return None


_BROADCASTING = frozenset({"Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "Pow", "Where", "PRelu"})
_REDUCTIONS = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")
_RULES: dict[str, Rule] = {
    **dict.fromkeys((f"Reduce{kind}" for kind in _REDUCTIONS), _reduction),
    "AveragePool": _average,
    "Conv": _convolution,
    "ConvTranspose": _deconvolution,
    "MaxPool": _max,
    "PRelu": _slope,
    "Resize": _nearest,
}
