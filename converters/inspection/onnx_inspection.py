"""What an ONNX file is: ctk's own, with its provenance, or anybody's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from converters.inspection import receptive_field as rf
from converters.inspection.document import (
    ComputeTotals,
    InspectDocument,
    LayerFacts,
    OnnxFacts,
    OutputFacts,
)
from converters.inspection.given_files import inspected_file, shown
from converters.inspection.onnx_macs import UNCOUNTED, macs_of
from converters.inspection.onnx_parameters import OnnxParameters, parameters_of, reattached_layers
from converters.inspection.onnx_reach import value_fields
from converters.inspection.onnx_reading import external_files, read_onnx
from converters.inspection.onnx_shapes import Shapes, shapes_of
from converters.inspection.provenance import compare_sidecar, embedded_provenance, provenance
from toolkit.artifact import ArtifactDocument, Weights

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


@dataclass(frozen=True, slots=True)
class _Graph:
    """The main graph with everything that was found out about it."""

    nodes: Sequence[NodeProto]
    shapes: Shapes
    fields: Mapping[str, rf.ValueField]
    macs: Sequence[int | None]
    parameters: OnnxParameters


def inspect_onnx(path: Path, model_name: str | None = None) -> InspectDocument:
    """Reads an ONNX file; its external data may be missing.

    Args:
        path: The file.
        model_name: Name of the model card that the user says it belongs to.

    Raises:
        BadInput: CTK501 when it cannot be opened, CTK502 when it is something else, CTK517 when it is damaged.
    """
    model = read_onnx(path)
    listed = [inspected_file(path, "onnx")]
    beside, remarks = external_files(model, path)
    facts, lacking = embedded_provenance({item.key: item.value for item in model.metadata_props})
    sidecar, mismatch = compare_sidecar(path, listed[0].sha256)
    graph = _graph(model, facts)
    remarks += [text for text in (lacking, mismatch, graph.parameters.remark) if text]
    remarks += _remarks(model, graph)
    weights: Weights = facts.weights if facts else "own"
    return InspectDocument(
        format="onnx",
        model=model_name or (facts.model if facts else shown(path.stem)),
        weights=weights,
        network=model.graph.name,
        files=[*listed, *beside],
        inputs=[graph.shapes.tensor(name) for name in graph.shapes.inputs],
        outputs=[_output(graph, info.name) for info in model.graph.output],
        layer_count=len(graph.nodes),
        layer_types=dict(Counter(_type(node) for node in graph.nodes)),
        parameters=graph.parameters.totals,
        compute=_compute(graph, facts),
        layers=_layers(graph),
        onnx=_versions(model),
        provenance=provenance(facts, sidecar) if facts else None,
        remarks=remarks,
    )


def _graph(model: ModelProto, facts: ArtifactDocument | None) -> _Graph:
    shapes = shapes_of(model)
    return _Graph(
        nodes=model.graph.node,
        shapes=shapes,
        fields=value_fields(model.graph, shapes, _versions(model).opset),
        macs=[macs_of(node, shapes) for node in model.graph.node],
        parameters=parameters_of(model.graph, facts.ledger if facts else None),
    )


def _versions(model: ModelProto) -> OnnxFacts:
    opsets = {item.domain: item.version for item in model.opset_import}
    default = opsets.pop("", None) or opsets.pop("ai.onnx", None)
    return OnnxFacts(
        opset=default,
        other_opsets=opsets,
        ir_version=model.ir_version,
        producer=model.producer_name,
        producer_version=model.producer_version,
    )


def _type(node: NodeProto) -> str:
    return node.op_type if node.domain in {"", "ai.onnx"} else f"{node.domain}:{node.op_type}"


def _output(graph: _Graph, name: str) -> OutputFacts:
    field = graph.fields.get(name, ())
    return OutputFacts(
        **graph.shapes.tensor(name).model_dump(),
        output_stride=rf.strides(field),
        receptive_field_px=rf.sizes_px(field),
    )


def _compute(graph: _Graph, facts: ArtifactDocument | None) -> ComputeTotals:
    put_back = reattached_layers(facts.ledger) if facts and graph.parameters.remark is None else []
    their_nodes = {name for entry in put_back for name in entry.nodes}
    macs = _sum(graph.macs)
    without = _sum(
        [n for n, node in zip(graph.macs, graph.nodes, strict=True) if node.name not in their_nodes]
    )
    return ComputeTotals(
        macs=macs,
        gmac=None if macs is None else macs / 1e9,
        macs_without_reattached=without,
        reattached_layers=[entry.layer for entry in put_back],
        with_sizes=dict.fromkeys(sorted(graph.shapes.batch), 1),
        uncounted=dict(Counter(node.op_type for node in graph.nodes if node.op_type in UNCOUNTED)),
    )


def _sum(macs: Sequence[int | None]) -> int | None:
    known = [count for count in macs if count is not None]
    return sum(known) if len(known) == len(macs) else None


def _layers(graph: _Graph) -> list[LayerFacts]:
    rows = []
    left = dict(graph.parameters.elements)
    for node, macs in zip(graph.nodes, graph.macs, strict=True):
        held = node.output if node.op_type == "Constant" else node.input
        rows.append(
            LayerFacts(
                name=node.name or next(iter(node.output), ""),
                type=_type(node),
                outputs=[graph.shapes.tensor(name) for name in node.output if name],
                # A parameter counts where it first occurs.
                parameters=sum(left.pop(name, 0) for name in held),
                macs=macs,
                receptive_field_px=rf.sizes_px(graph.fields.get(next(iter(node.output), ""), ())),
            )
        )
    return rows


def _remarks(model: ModelProto, graph: _Graph) -> list[str]:
    remarks = []
    if graph.shapes.failure:
        remarks.append(f"onnx cannot infer its shapes: {graph.shapes.failure}")
    open_nodes = sum(count is None for count in graph.macs)
    if open_nodes:
        remarks.append(f"the multiply-accumulates are not known: sizes of {open_nodes} nodes are open")
    if model.functions:
        remarks.append("it has functions of its own; what they compute is not counted")
    return remarks
