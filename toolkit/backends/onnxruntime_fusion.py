"""Which nodes of an ONNX graph are behind the kernels that ONNX Runtime executes.

The runtime renames what it fuses. On x86 a convolution in its own memory layout is called after the *output* of
everything that it computes (``relu1_1``'s value and ``_nchwc``, ``NchwcTransformerImpl``); elsewhere a
convolution with its activation is called after the *first* node (``fused conv1``, ``ConvActivationFusion``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MADE_UNIQUE = re.compile(r"_token_\d+$")
_LAST = ("_bn_nchwc", "_nchwc")
_FIRST = re.compile(r"^fused |(/|_)(Fused\w*|FusedConv)$")
# Nodes that do the work of a kernel; what stands around them goes with one of them.
_HEAVY = frozenset(
    {"AveragePool", "BatchNormalization", "Conv", "ConvTranspose", "Gemm", "GlobalAveragePool", "GlobalMaxPool",
     "LRN", "MatMul", "MaxPool", "Resize", "Upsample"}
)  # fmt: skip


def executed_nodes(kernels: Sequence[str], graph: Any) -> Mapping[str, tuple[str, ...]]:
    """The graph's nodes behind every kernel, in the order of the graph.

    Args:
        kernels: The runtime's names.
        graph: An ``onnx.GraphProto``.

    Returns:
        By kernel the names of its nodes; none for what the runtime added itself, such as a change of layout.
    """
    nodes = list(graph.node)
    owner: dict[int, str] = {}
    ends: dict[str, int] = {}
    by_name = {node.name: place for place, node in enumerate(nodes) if node.name}
    by_output = {name: place for place, node in enumerate(nodes) for name in node.output if name}
    for kernel in kernels:
        place, is_last = _anchor(kernel, by_name, by_output)
        if place is not None and place not in owner:
            owner[place] = kernel
            if is_last:
                ends[kernel] = place
    for kernel, end in ends.items():
        for place in _fused_before(nodes, end, by_output, owner):
            owner[place] = kernel
    _follow(nodes, by_output, owner)
    found = defaultdict(list)
    for place in sorted(owner):
        found[owner[place]].append(nodes[place].name)
    return {kernel: tuple(found[kernel]) for kernel in kernels}


def _anchor(kernel: str, by_name: Mapping[str, int], by_output: Mapping[str, int]) -> tuple[int | None, bool]:
    """A node of the kernel, and whether it is the last one of those that it fuses."""
    for suffix in _LAST:
        for name in (kernel, _MADE_UNIQUE.sub("", kernel)):
            value = name.removesuffix(suffix)
            if value != name and value in by_output:
                return by_output[value], True
    for name in (kernel, _FIRST.sub("", kernel), _MADE_UNIQUE.sub("", kernel)):
        if name in by_name:
            return by_name[name], False
    return None, False


def _fused_before(
    nodes: Sequence[Any], end: int, by_output: Mapping[str, int], owner: Mapping[int, str]
) -> Iterator[int]:
    """From the last node back to the one that does the work."""
    place = end
    while nodes[place].op_type not in _HEAVY:
        before = [by_output[name] for name in nodes[place].input if name in by_output]
        place = next((one for one in before if one not in owner), -1)
        if place < 0:
            return
        yield place


def _follow(nodes: Sequence[Any], by_output: Mapping[str, int], owner: dict[int, str]) -> None:
    """A light node without a kernel was fused into the one that it reads from, or costs nothing."""
    for place, node in enumerate(nodes):
        if place in owner or node.op_type in _HEAVY or not node.input:
            continue
        source = by_output.get(node.input[0])
        if source is not None and source in owner:
            owner[place] = owner[source]
