"""Pooling that rounds the number of its windows the other way."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


def make(graph: FaultGraph) -> Place | None:
    """Rounds up where the artifact rounds down, else down where it rounds up, in the last pooling that can.

    That changes the size of what is pooled, and so it can be made only where all layers behind take another
    size. ctk's own artifacts always round down, over pads that give Caffe's number of windows.
    """
    for node in reversed(graph.of_type("MaxPool", "AveragePool")):
        pads = _other_pads(graph, node)
        if pads is None:
            continue
        old = list(graph.attribute(node, "pads", [0] * len(pads)))
        graph.set_attribute(node, "pads", pads)
        if _restate_shapes(graph.model):
            way = "up" if sum(pads) > sum(old) else "down"
            return Place(graph.layer(node), f"it rounds the number of its windows {way}")
        graph.set_attribute(node, "pads", old)
    return None


def _other_pads(graph: FaultGraph, node: NodeProto) -> list[int] | None:
    """Pads that round the other way; None where both ways give the same number of windows."""
    shape, kernel = graph.shape(node.input[0]), graph.attribute(node, "kernel_shape", [])
    axes = len(kernel)
    if shape is None or None in shape[2:] or len(shape) != axes + 2 or graph.attribute(node, "ceil_mode", 0):
        return None
    strides = graph.attribute(node, "strides", [1] * axes)
    pads = list(graph.attribute(node, "pads", [0] * 2 * axes))
    begins, ends = pads[:axes], pads[axes:]
    if any(end > begin for begin, end in zip(begins, ends, strict=True)):
        return begins + [min(pair) for pair in zip(begins, ends, strict=True)]
    rests = [
        (size + begin + end - k) % stride
        for size, begin, end, k, stride in zip(shape[2:], begins, ends, kernel, strides, strict=True)
    ]
    up = [
        end + (stride - rest if rest else 0) for end, rest, stride in zip(ends, rests, strides, strict=True)
    ]
    # A window wholly in the padding would give no number that Caffe gives.
    fits = all(end < k for end, k in zip(up, kernel, strict=True))
    return begins + up if up != ends and fits else None


def _restate_shapes(model: ModelProto) -> bool:
    """Infers all shapes anew; False, and the graph's statements as they were, where that contradicts a layer."""
    import onnx

    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    del changed.graph.value_info[:]
    for output in changed.graph.output:
        output.type.tensor_type.ClearField("shape")
    with suppress(Exception):  # the library raises several classes, for layers that cannot take the size
        inferred = onnx.shape_inference.infer_shapes(changed, strict_mode=True, data_prop=True)
        model.CopyFrom(inferred)
        return True
    return False


FAULT = Fault("pooling-rounding", "a pooling rounds the number of its windows the other way", make)
