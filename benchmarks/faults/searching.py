"""Finding nodes that a fault can be made in.

Of several the last one is taken: what a fault near the output changes is not lost again on the way there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.faults.graph import FaultGraph

if TYPE_CHECKING:
    from onnx import NodeProto

Array = NDArray[Any]


def last_with(
    graph: FaultGraph, types: tuple[str, ...], index: int, fits: Callable[[Array], bool]
) -> tuple[NodeProto, Array] | None:
    """The last node of these operators whose numbers at an input satisfy a condition, and those numbers."""
    for node in reversed(graph.of_type(*types)):
        numbers = graph.numbers(node, index)
        if numbers is not None and fits(numbers):
            return node, numbers
    return None


def outputs_of_reals(graph: FaultGraph) -> Iterator[str]:
    """Graph outputs of real numbers that some node makes, in order."""
    for output in graph.model.graph.output:
        if graph.dtype(output.name) is not None and graph.maker(output.name) is not None:
            yield output.name


def maker_of_numbers(graph: FaultGraph, value: str) -> NodeProto | None:
    """The node that makes a value, past any Transpose: before operator set 13 they surround a Softmax."""
    maker = graph.maker(value)
    while maker is not None and maker.op_type == "Transpose":
        maker = graph.maker(maker.input[0])
    return maker


def coefficients_node(graph: FaultGraph) -> tuple[NodeProto, Array] | None:
    """The 1×1 convolution that turns the probabilities of colour bins into ab, and its weight (2, bins, 1, 1).

    Known by what it is: two channels out of what a Softmax makes.
    """
    for node in graph.of_type("Conv"):
        maker, weight = maker_of_numbers(graph, node.input[0]), graph.numbers(node, 1)
        if maker is None or maker.op_type != "Softmax" or weight is None:
            continue
        if weight.ndim == 4 and weight.shape[0] == 2 and weight.shape[2:] == (1, 1) and weight.shape[1] > 2:
            return node, weight
    return None


def has_softmax_over_planes(graph: FaultGraph) -> bool:
    """Whether there is a Softmax whose result has channels, height and width, none of size 1."""
    shapes = [graph.shape(node.output[0]) for node in graph.of_type("Softmax")]
    return any(shape is not None and len(shape) == 4 and 1 not in shape[1:] for shape in shapes)


def differ(one: Array, other: Array) -> bool:
    """Whether two arrays differ by more than rounding of the largest number in them."""
    largest = max(float(np.abs(one).max()), float(np.abs(other).max()))
    return one.shape != other.shape or float(np.abs(one - other).max()) > 1e-3 * largest
