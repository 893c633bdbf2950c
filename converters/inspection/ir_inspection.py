"""What an OpenVINO IR is: ctk's own, with its provenance, or anybody's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from converters.inspection.document import InspectDocument, InspectedFile, OpenVinoFacts
from converters.inspection.given_files import inspected_file, shown
from converters.inspection.graph_parameters import GraphParameters, parameters_of, reattached_layers
from converters.inspection.graph_rows import GraphRow, compute_totals, layer_facts, open_sizes, output_facts
from converters.inspection.ir_macs import UNCOUNTED, macs_of
from converters.inspection.ir_provenance import ir_provenance
from converters.inspection.ir_reach import value_fields
from converters.inspection.ir_shapes import BATCH, IrShapes
from converters.inspection.ir_weights import IrWeight, identified, parameters_wanted, weights_of
from converters.inspection.provenance import compare_sidecar, provenance
from converters.openvino.ir_network import IrLayer, IrSource, input_name, output_name
from converters.openvino.ir_reading import Ir, read_ir
from toolkit.artifact import ArtifactDocument, Weights

Names = Mapping[int, str]
# What is no operation: ends, numbers, and the widening of compressed numbers.
_NO_NODES = frozenset({"Parameter", "Const", "Result"})
_OWN_DOMAIN = "opset"


def inspect_ir(path: Path, model_name: str | None = None) -> InspectDocument:
    """Reads an xml and its bin.

    Args:
        path: The xml.
        model_name: Name of the model card that the user says it belongs to.

    Raises:
        BadInput: As `read_ir`.
    """
    ir = read_ir(path)
    files = ir_files(ir)
    facts, remarks = ir_provenance(ir.network.rt_info)
    sidecar, mismatch = compare_sidecar(path, files[0].sha256)
    weights = weights_of(ir)
    names = _names(ir, weights, facts)
    parameters = _parameters(weights, names, facts)
    shapes = IrShapes(ir.network, value_fields(ir))
    rows = [_row(layer, shapes, names) for layer in ir.network.layers.values() if is_node(layer)]
    put_back = reattached_layers(facts.ledger) if facts and parameters.remark is None else []
    inputs = [shapes.tensor(IrSource(x.id, 0), input_name(x)) for x in ir.network.of_type("Parameter")]
    kind: Weights = facts.weights if facts else "own"
    return InspectDocument(
        format="openvino",
        model=model_name or (facts.model if facts else shown(path.stem)),
        weights=kind,
        network=shown(ir.network.name),
        files=files,
        inputs=inputs,
        outputs=[
            output_facts(
                shapes.tensor(result.sources[0], output_name(result, ir.network)),
                shapes.fields.get(result.sources[0], ()),
            )
            for result in ir.network.of_type("Result")
        ],
        layer_count=len(rows),
        layer_types=dict(Counter(row.type for row in rows)),
        parameters=parameters.totals,
        compute=compute_totals(
            rows, put_back, batch=[BATCH] if any(BATCH in i.dims for i in inputs) else [], uncounted=UNCOUNTED
        ),
        layers=layer_facts(rows, parameters.elements),
        openvino=_facts(ir, weights, names, parameters),
        provenance=provenance(facts, sidecar) if facts else None,
        remarks=[*remarks, *filter(None, [mismatch, parameters.remark]), *_remarks(ir), *open_sizes(rows)],
    )


def ir_files(ir: Ir) -> list[InspectedFile]:
    """The files of an IR, the xml first."""
    listed = [inspected_file(ir.path, "xml")]
    if ir.bin is not None:
        listed.append(inspected_file(ir.bin, "bin", ir.bin_sha256))
    return listed


def is_node(layer: IrLayer) -> bool:
    """Whether a layer computes something of its own."""
    return layer.type not in _NO_NODES and not layer.is_decompression


def node_type(layer: IrLayer) -> str:
    """Its type, with the operator set before a colon where that is not OpenVINO's own."""
    own = layer.version.startswith(_OWN_DOMAIN)
    return shown(layer.type if own else f"{layer.version}:{layer.type}")


def _names(ir: Ir, weights: Mapping[int, IrWeight], facts: ArtifactDocument | None) -> Names:
    """A unique name of every constant: the ledger's where it is one of its initializers, else its own."""
    wanted = parameters_wanted(facts.ledger) if facts else ()
    known = {number: name for name, number in identified(ir.network, weights, wanted).items()}
    names = {}
    taken = set(known.values())
    for number, weight in weights.items():
        name = known.get(number, weight.name)
        if number not in known and name in taken:
            name = f"{weight.name}#{number}"
        names[number] = name
        taken.add(name)
    return names


def _parameters(
    weights: Mapping[int, IrWeight], names: Names, facts: ArtifactDocument | None
) -> GraphParameters:
    """As for ONNX: without a ledger, integers, truth values and single numbers are constants."""
    sizes = {names[number]: weight.constant.elements for number, weight in weights.items()}
    others = {"i64", "u64", "boolean", "string"}
    plain = {
        names[number]
        for number, weight in weights.items()
        if weight.constant.element_type not in others and weight.constant.shape
    }
    return parameters_of(sizes, plain, facts.ledger if facts else None)


def _row(layer: IrLayer, shapes: IrShapes, names: Names) -> GraphRow:
    made = [IrSource(layer.id, slot) for slot in range(len(layer.outputs))]
    return GraphRow(
        name=shown(layer.name),
        type=node_type(layer),
        outputs=[
            shapes.tensor(value, next(iter(port.names), layer.name))
            for value, port in zip(made, layer.outputs, strict=True)
        ],
        held=[names[source.layer] for source in layer.sources if source.layer in names],
        macs=macs_of(layer, shapes),
        field=shapes.fields.get(made[0], ()) if made else (),
    )


def _facts(
    ir: Ir, weights: Mapping[int, IrWeight], names: Names, parameters: GraphParameters
) -> OpenVinoFacts:
    counted = [w for number, w in weights.items() if names[number] in parameters.elements]
    stored: Counter[str] = Counter()
    for weight in counted:
        stored[weight.constant.element_type] += weight.constant.elements
    made_with = ir.network.rt_info.get("OpenVINO Runtime")
    return OpenVinoFacts(
        ir_version=ir.network.version,
        made_with=made_with and shown(made_with),
        stored=dict(stored),
        compressed=sum(w.constant.elements for w in counted if w.is_compressed),
    )


def _remarks(ir: Ir) -> list[str]:
    bodies = sum(layer.has_body for layer in ir.network.layers.values())
    return [f"{bodies} nodes have networks of their own; what they compute is not counted"] if bodies else []
