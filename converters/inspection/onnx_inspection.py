"""What an ONNX file is: ctk's own, with its provenance, or anybody's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from converters.inspection.document import ComputeTotals, InspectDocument, OnnxFacts
from converters.inspection.given_files import inspected_file, shown
from converters.inspection.graph_parameters import GraphParameters, reattached_layers
from converters.inspection.graph_rows import GraphRow, compute_totals, layer_facts, open_sizes, output_facts
from converters.inspection.onnx_macs import UNCOUNTED, macs_of
from converters.inspection.onnx_parameters import onnx_parameters
from converters.inspection.onnx_reach import value_fields
from converters.inspection.onnx_reading import external_files, read_onnx
from converters.inspection.onnx_shapes import Shapes, shapes_of
from converters.inspection.provenance import compare_sidecar, embedded_provenance, provenance
from converters.inspection.receptive_field import ValueField
from toolkit.artifact import ArtifactDocument, Weights

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


@dataclass(frozen=True, slots=True)
class _Graph:
    """The main graph with everything that was found out about it."""

    rows: Sequence[GraphRow]
    shapes: Shapes
    fields: Mapping[str, ValueField]
    parameters: GraphParameters


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
        outputs=[
            output_facts(graph.shapes.tensor(info.name), graph.fields.get(info.name, ()))
            for info in model.graph.output
        ],
        layer_count=len(graph.rows),
        layer_types=dict(Counter(row.type for row in graph.rows)),
        parameters=graph.parameters.totals,
        compute=_compute(graph, facts),
        layers=layer_facts(graph.rows, graph.parameters.elements),
        onnx=_versions(model),
        provenance=provenance(facts, sidecar) if facts else None,
        remarks=remarks,
    )


def _graph(model: ModelProto, facts: ArtifactDocument | None) -> _Graph:
    shapes = shapes_of(model)
    fields = value_fields(model.graph, shapes, _versions(model).opset)
    return _Graph(
        rows=[_row(node, shapes, fields) for node in model.graph.node],
        shapes=shapes,
        fields=fields,
        parameters=onnx_parameters(model.graph, facts.ledger if facts else None),
    )


def _row(node: NodeProto, shapes: Shapes, fields: Mapping[str, ValueField]) -> GraphRow:
    first = next(iter(node.output), "")
    return GraphRow(
        name=node.name or first,
        type=_type(node),
        outputs=[shapes.tensor(name) for name in node.output if name],
        held=node.output if node.op_type == "Constant" else node.input,
        macs=macs_of(node, shapes),
        field=fields.get(first, ()),
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


def _compute(graph: _Graph, facts: ArtifactDocument | None) -> ComputeTotals:
    put_back = reattached_layers(facts.ledger) if facts and graph.parameters.remark is None else []
    return compute_totals(graph.rows, put_back, batch=list(graph.shapes.batch), uncounted=UNCOUNTED)


def _remarks(model: ModelProto, graph: _Graph) -> list[str]:
    remarks: list[str] = []
    if graph.shapes.failure:
        remarks.append(f"onnx cannot infer its shapes: {graph.shapes.failure}")
    remarks += open_sizes(graph.rows)
    if model.functions:
        remarks.append("it has functions of its own; what they compute is not counted")
    return remarks
