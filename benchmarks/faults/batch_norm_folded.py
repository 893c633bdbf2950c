"""A BatchNorm folded past the ReLU in front of it, into the convolution before that (DESIGN §8.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph

if TYPE_CHECKING:
    from onnx import NodeProto


def make(graph: FaultGraph) -> Place | None:
    """Folds the last BatchNormalization that reads a Relu that reads a convolution, and takes it out.

    As a converter does that overlooks the Relu: with s = gamma / sqrt(variance + epsilon), the weight becomes
    W · s and the bias b · s + beta - mean · s.
    """
    for norm in reversed(graph.of_type("BatchNormalization")):
        found = _chain(graph, norm)
        if found is None or not _fold(graph, found[0], norm):
            continue
        convolution, relu = found
        relu.output[0] = norm.output[0]
        graph.model.graph.node.remove(norm)
        what = f"{graph.layer(norm)} is folded into {graph.layer(convolution)} past {graph.layer(relu)}"
        return Place(graph.layer(convolution), what)
    return None


def _chain(graph: FaultGraph, norm: NodeProto) -> tuple[NodeProto, NodeProto] | None:
    """The convolution and the Relu in front of a BatchNormalization, where nobody else reads them."""
    relu = graph.maker(norm.input[0])
    if relu is None or relu not in graph.of_type("Relu") or not _only_read_by(graph, relu, norm):
        return None
    convolution = graph.maker(relu.input[0])
    if convolution is None or convolution not in graph.of_type("Conv", "Gemm"):
        return None
    return (convolution, relu) if _only_read_by(graph, convolution, relu) else None


def _only_read_by(graph: FaultGraph, node: NodeProto, reader: NodeProto) -> bool:
    value = node.output[0]
    return graph.readers(value) == [reader] and not graph.is_output(value)


def _fold(graph: FaultGraph, convolution: NodeProto, norm: NodeProto) -> bool:
    parameters = [graph.numbers(norm, index) for index in range(1, 5)]
    weight, bias = graph.numbers(convolution, 1), graph.numbers(convolution, 2)
    if weight is None or bias is None or any(numbers is None for numbers in parameters):
        return False
    gamma, beta, mean, variance = (np.asarray(numbers, np.float64) for numbers in parameters)
    if convolution.op_type == "Gemm" and not graph.attribute(convolution, "transB", 0):
        return False
    sizes = {numbers.size for numbers in (gamma, beta, mean, variance, bias)}
    if sizes != {weight.shape[0]}:
        return False
    scale = gamma / np.sqrt(variance + graph.attribute(norm, "epsilon", 1e-5))
    graph.put(convolution, 1, weight * scale.reshape(-1, *[1] * (weight.ndim - 1)))
    graph.put(convolution, 2, bias * scale + beta - mean * scale)
    return True


FAULT = Fault(
    "batch-norm-folded",
    "a BatchNorm is folded past the ReLU into the convolution before it",
    make,
    control=True,
)
