"""Where OpenVINO computes something else than an ONNX file says, without a word.

Found by the golden cases, by random networks, and by running reductions, Softmax and its relatives with every
axis in operator sets 8 to 21 against onnxruntime, in openvino 2026.4.1. `ctk convert` puts all of it right in
the IR that it writes (converters/openvino), or refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.backends.deviations import Deviation, heed_deviations
from toolkit.backends.node_probe import operator_type
from toolkit.backends.onnx_facts import attributes_of, dims_of, rank_of
from toolkit.backends.onnx_outline import Outline, captured_names
from toolkit.backends.protocol import TensorInfo
from toolkit.errors import EnvironmentFailed, Where

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

Shape = tuple[int | None, ...]
Rule = Callable[["NodeProto", int, Outline], str | None]

_OWN = {"", "ai.onnx"}
# The reader looks for an input where these operator sets have an attribute (openvinotoolkit/openvino#38238).
_AXES_OVERLOOKED = range(13, 18)
# Before them the reader makes a matrix of the value as ONNX says, and behind them ONNX says no such thing.
_SOFTMAX_MISREAD = (11, 12)
_CONSTANT = "Constant"
# Element types (onnx.TensorProto) of which the reader takes bits in int32_data for whole numbers: BFLOAT16,
# FLOAT8E4M3FN and FLOAT8E5M2. Tried with every type that ONNX keeps there; others are read as bits, or refused.
MISREAD_IN_WORDS = frozenset({16, 17, 19})


def remedy_for(artifact: Path) -> str:
    """What a user can do about such a file."""
    return f"convert it to OpenVINO IR, where this is put right: ctk convert {artifact} --to openvino"


def onnx_deviations(outline: Outline) -> tuple[Deviation, ...]:
    """The nodes that OpenVINO gets wrong, in the order of the graph; those of subgraphs behind their owner's name."""
    held_by_nodes = {name for node in outline.graph.node if node.op_type == _CONSTANT for name in node.output}
    held = [(name, tensor) for name, tensor in outline.constants.items() if name not in held_by_nodes]
    found = list(_misread_numbers(held, ""))
    found += _of_graph(outline.graph, _opset(outline.opsets), outline, "")
    for function in outline.functions:
        nodes, opset = function.node, _opset(function.opset_import)
        found += _of_nodes(nodes, set(function.output), opset, outline, f"{function.name}/")
    return tuple(found)


def heed(wrong: Iterable[Deviation], artifact: Path) -> None:
    """Warns of every node and every constant with wrong numbers, and tells the remedy."""
    found = tuple(wrong)
    numbers = [one for one in found if one.type == _CONSTANT]
    heed_deviations(numbers, artifact, "openvino", "store them as raw_data, or use another backend")
    others = [one for one in found if one.type != _CONSTANT]
    heed_deviations(others, artifact, "openvino", remedy_for(artifact))


def stated_outputs(outline: Outline) -> dict[str, Shape]:
    """Shapes of the graph outputs as the file states them, or as ONNX infers them where it does not."""
    shapes = {value.name: dims_of(outline, value.name) for value in outline.graph.output}
    return {name: shape for name, shape in shapes.items() if shape is not None}


def refuse_other_shapes(
    stated: Mapping[str, Shape], compiled: Mapping[str, TensorInfo], artifact: Path
) -> None:
    """A net under everything above: an output's shape must be the one that the file states.

    Args:
        stated: Of `stated_outputs`.
        compiled: Outputs of the compiled model.
        artifact: The ONNX file.

    Raises:
        EnvironmentFailed: CTK404 naming the first output whose shape cannot be that one.
    """
    for name, info in compiled.items():
        wanted = stated.get(name)
        if wanted is None or info.any_rank or _agree(info.shape, wanted):
            continue
        raise EnvironmentFailed(
            "CTK404",
            f"openvino gives {name!r} the shape {_written(info.shape)} instead of {_written(wanted)}: "
            "it executes another network than the artifact states",
            Where(file=str(artifact)),
            [remedy_for(artifact), "or use another backend for this network"],
        )


def _agree(one: Shape, other: Shape) -> bool:
    return len(one) == len(other) and all(
        a == b or a is None or b is None for a, b in zip(one, other, strict=True)
    )


def _written(shape: Shape) -> str:
    return "×".join("?" if size is None else str(size) for size in shape) or "scalar"


def _of_graph(graph: GraphProto, opset: int, outline: Outline, place: str) -> Iterator[Deviation]:
    return _of_nodes(graph.node, {value.name for value in graph.output}, opset, outline, place)


def _of_nodes(
    nodes: Iterable[NodeProto], wanted: set[str], opset: int, outline: Outline, place: str
) -> Iterator[Deviation]:
    nodes = list(nodes)
    read = wanted.union(*([*node.input, *captured_names(node)] for node in nodes))
    for index, node in enumerate(nodes):
        name = place + (node.name or f"node {index}")
        rule = _RULES.get(node.op_type) if node.domain in _OWN else None
        reason = rule(node, opset, outline) if rule else None
        if node.op_type == "TopK" and not (len(node.output) > 1 and node.output[1] in read):
            reason = None  # of equal values it does not matter which
        if reason:
            yield Deviation(name, operator_type(node), reason, is_fatal=False)
        for attribute in node.attribute:
            own = [attribute.t] if attribute.HasField("t") else []
            yield from _misread_numbers([(name, tensor) for tensor in own], "")
            for body in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                named = ((tensor.name, tensor) for tensor in body.initializer)
                yield from _misread_numbers(named, f"{name}/")
                yield from _of_graph(body, opset, outline, f"{name}/")


def _misread_numbers(held: Iterable[tuple[str, TensorProto]], place: str) -> Iterator[Deviation]:
    for name, tensor in held:
        if is_misread_number(tensor):
            reason = "it takes the bits of the numbers in int32_data for whole numbers"
            yield Deviation(place + name, _CONSTANT, reason, is_fatal=False)


def is_misread_number(tensor: TensorProto) -> bool:
    """Whether the bits of its numbers are where OpenVINO misreads them."""
    return tensor.data_type in MISREAD_IN_WORDS and bool(tensor.int32_data)


def _opset(opsets: Iterable[OperatorSetIdProto]) -> int:
    return next((entry.version for entry in opsets if entry.domain in _OWN), 1)


def _bias(node: NodeProto, _opset: int, _outline: Outline) -> str | None:
    bias = float(attributes_of(node).get("bias", 1.0))
    return None if bias.is_integer() else f"LRN keeps the whole part of its bias {bias:g} only"


def _ties(_node: NodeProto, _opset: int, _outline: Outline) -> str | None:
    return "of equal values TopK may give the index of another one than the first"


def _reduction(node: NodeProto, opset: int, outline: Outline) -> str | None:
    axes = attributes_of(node).get("axes")
    if opset not in _AXES_OVERLOOKED or not axes:
        return None
    rank = rank_of(outline, node.input[0])
    if rank is not None and len({axis % rank for axis in axes if rank}) == rank:
        return None
    return f"{node.op_type} overlooks its axes in this operator set, and reduces all of them"


def _softmax(node: NodeProto, opset: int, outline: Outline) -> str | None:
    """Right where every axis behind the stated one has the size 1."""
    axis = attributes_of(node).get("axis", 1)
    if opset not in _SOFTMAX_MISREAD or axis == -1:
        return None
    dims = dims_of(outline, node.input[0])
    if dims is not None and all(size == 1 for size in dims[axis % len(dims) if dims else 0 :][1:]):
        return None
    return f"Softmax runs along axis {axis} alone, where this operator set means it and all axes behind it"


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("ReduceL1", "ReduceLogSum", "ReduceLogSumExp"), _reduction),
    "LRN": _bias,
    "Softmax": _softmax,
    "TopK": _ties,
}

if TYPE_CHECKING:
    from onnx import OperatorSetIdProto
