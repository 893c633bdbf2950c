"""Which parts of an artifact OpenVINO's CPU cannot execute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.backends.deviations import as_lacking
from toolkit.backends.node_probe import probe_nodes
from toolkit.backends.onnx_outline import read_outline
from toolkit.backends.openvino_deviations import onnx_deviations
from toolkit.backends.openvino_faults import lacking_operators, plain, reading_fault
from toolkit.backends.openvino_reading import format_of
from toolkit.backends.protocol import Lacking
from toolkit.ir_files import check_pair

_CPU = "CPU"
_FAST = {"INFERENCE_NUM_THREADS": "1"}


def lacking_parts(core: Any, model: Path) -> tuple[Lacking, ...]:
    """What the CPU lacks: of an ONNX file node by node, and what it misreads there; of an IR as OpenVINO answers.

    Args:
        core: The ``openvino.Core``.
        model: The artifact's main file.

    Raises:
        BadInput: CTK501, CTK502, CTK517 or CTK520 for the file.
    """
    if format_of(model) == "onnx":
        return _of_onnx(core, model)
    check_pair(model)
    try:
        graph = core.read_model(model)
        have = core.query_model(graph, _CPU)
    except Exception as error:
        # The reader gives up at the first operator that no operator set of OpenVINO has.
        operators = lacking_operators(error)
        if not operators:
            raise reading_fault(error, model, "openvino") from error
        return tuple(Lacking("", name, plain(error)) for name in operators)
    return tuple(
        Lacking(node.get_friendly_name(), node.get_type_name(), f"the device {_CPU} does not have it")
        for node in graph.get_ordered_ops()
        if node.get_friendly_name() not in have
    )


def _of_onnx(core: Any, model: Path) -> tuple[Lacking, ...]:
    outline = read_outline(model)
    order = {node.name or f"node {i}": i for i, node in enumerate(outline.graph.node)}
    lacking = probe_nodes(model, lambda node: _try_node(core, node))
    found = {one.name: one for one in (*map(as_lacking, onnx_deviations(outline)), *lacking)}
    # What stands in a subgraph or function comes last.
    return tuple(sorted(found.values(), key=lambda one: order.get(one.name, len(order))))


def _try_node(core: Any, node: bytes) -> None:
    try:
        core.compile_model(core.read_model(node), _CPU, _FAST)
    except Exception as error:
        raise RuntimeError(plain(error)) from error
