"""The document of `ctk inspect` as tables on standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from converters.inspection.document import (
    ComputeTotals,
    InspectDocument,
    LackingPart,
    LayerFacts,
    OpenVinoFacts,
    OutputFacts,
    ParameterGroup,
    ParameterTotals,
    Provenance,
    StoredLayerFacts,
)
from converters.inspection.problems import problem_text
from toolkit.artifact import GraphTensor
from toolkit.commands.table import print_table
from toolkit.errors import printable

_MOST_NAMES = 5
_GROUPS = {
    "batch_norm_factors": "factors of BatchNorm, by which mean and variance are divided",
    "reattached": "reattached",
    "filler": "made by the prototxt's filler",
    "folded": "folded into other numbers",
}
Row = tuple[str, str]


def print_inspection(document: InspectDocument, *, layers: bool = False) -> None:
    """Prints what is in the document.

    Args:
        document: The document.
        layers: With a row for each layer or node; layers of a caffemodel alone are always listed.
    """
    _print_facts(list(_facts(document)))
    if document.stored_layers is not None:
        sys.stdout.write("\n")
        print_table(
            ["layer", "type", "blobs", "numbers"],
            [_stored_row(layer) for layer in document.stored_layers],
            right=(3,),
        )
    elif layers:
        sys.stdout.write("\n")
        print_table(
            [
                "layer" if document.format == "caffe" else "node",
                "type",
                "output",
                "parameters",
                "MMAC",
                "receptive field px",
            ],
            [_layer_row(layer) for layer in document.layers],
            right=(3, 4, 5),
        )
    sys.stdout.writelines(f"problem: {problem_text(problem)}\n" for problem in document.problems)
    sys.stdout.writelines(
        printable(
            f"not checked: {layer.type} {layer.name!r} ({layer.file}:{layer.line}): "
            f"its bottom {layer.unknown_bottom!r} is unknown"
        )
        + "\n"
        for layer in document.unchecked
    )
    sys.stdout.writelines(
        printable(f"lacking: {backend}: {part.name} ({part.type}): {part.reason}") + "\n"
        for backend, parts in document.lacking.items()
        for part in parts or ()
    )


def shape_text(dims: Sequence[int | str]) -> str:
    """Sizes with × between them; a value without axes is a scalar."""
    return printable("×".join(map(str, dims))) if dims else "scalar"


def _print_facts(rows: Sequence[Row]) -> None:
    if not sys.stdout.isatty():  # rows stay single lines in a pipe, however long they are
        sys.stdout.writelines(f"{name:10}  {fact}\n" for name, fact in rows)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in rows:
        table.add_row(Text(name), Text(fact))
    Console(file=sys.stdout, highlight=False, markup=False).print(table)


def _facts(document: InspectDocument) -> Iterator[Row]:
    for file in document.files:
        size = "missing" if file.size_bytes is None else f"{file.size_bytes:,} bytes, sha256 {file.sha256}"
        yield file.kind, printable(f"{file.path}, {size}")
    yield "model", printable(document.model)
    yield "weights", document.weights or "none given"
    yield "format", _versions(document)
    if document.inputs or document.outputs:
        ends = [", ".join(_tensor(t) for t in tensors) for tensors in (document.inputs, document.outputs)]
        yield "network", f"{printable(document.network)}: {ends[0]} → {ends[1]}"
        yield from (("output", _output(output)) for output in document.outputs)
    kinds = ", ".join(
        f"{count} {printable(kind)}" for kind, count in sorted(document.layer_types.items(), key=_rarest_last)
    )
    yield "layers" if document.format == "caffe" else "nodes", f"{document.layer_count}: {kinds}"
    yield from _parameters(document.parameters)
    if document.openvino is not None:
        yield "stored as", _stored(document.openvino)
    if document.compute is not None:
        yield "compute", _compute(document.compute)
    if document.provenance is not None:
        yield from _provenance(document.provenance)
    yield from (("backend", _backend(name, parts)) for name, parts in document.lacking.items())


def _backend(name: str, parts: Sequence[LackingPart] | None) -> str:
    if parts is None:
        return f"{name} could not be asked what it lacks"
    count = "nothing" if not parts else "1 part" if len(parts) == 1 else f"{len(parts)} parts"
    return f"{name} lacks {count}"


def _rarest_last(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _tensor(tensor: GraphTensor) -> str:
    other = "" if tensor.dtype == "float32" else f" {tensor.dtype}"
    return f"{printable(tensor.name)} {shape_text(tensor.dims)}{other}"


def _output(output: OutputFacts) -> str:
    if not output.output_stride:
        return f"{_tensor(output)}, no spatial axes"
    stride = _along_axes(output.output_stride)
    field = _along_axes(output.receptive_field_px)
    return f"{_tensor(output)}, output stride {stride}, receptive field {field} input pixels"


def _along_axes(numbers: Sequence[int | float | None]) -> str:
    texts = ["unknown" if number is None else f"{number:g}" for number in numbers]
    return texts[0] if len(set(texts)) == 1 else "×".join(texts)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return printable(", ".join(names[:_MOST_NAMES])) + more


def _parameters(totals: ParameterTotals) -> Iterator[Row]:
    yield "parameters", f"{totals.count:,}"
    for group in totals.told_apart:
        yield "", _group(group)
    if totals.told_apart:
        yield "", f"= {totals.total:,} in all"
    if totals.constants:
        yield "", f"{totals.constants:,} constants of the graph are not counted"
    if totals.missing:
        yield (
            "missing",
            f"{totals.missing_elements:,} numbers of {len(totals.missing)} parameters have no data",
        )
        for item in totals.missing[:_MOST_NAMES]:
            yield "", printable(f"{item.layer} {item.role} {shape_text(item.dims)}: {item.reason}")
        if len(totals.missing) > _MOST_NAMES:
            yield "", f"and {len(totals.missing) - _MOST_NAMES} more; --json - lists all"


def _group(group: ParameterGroup) -> str:
    return f"+ {group.elements:,} {_GROUPS[group.kind]} ({_names(group.layers)})"


def _compute(compute: ComputeTotals) -> str:
    if compute.macs is None or compute.gmac is None:
        return "unknown"
    text = f"{_scaled(compute.macs)}: {compute.macs:,} multiply-accumulates"
    if compute.reattached_layers and compute.macs_without_reattached is not None:
        text += f" with {_names(compute.reattached_layers)}, {compute.macs_without_reattached:,} without"
    if compute.with_sizes:
        text += ", for " + ", ".join(f"{printable(name)} = {n}" for name, n in compute.with_sizes.items())
    if compute.uncounted:
        text += ", not counting " + ", ".join(f"{n} {name}" for name, n in compute.uncounted.items())
    return text


def _scaled(macs: int) -> str:
    return f"{macs / 1e9:.2f} GMAC" if macs >= 1e8 else f"{macs / 1e6:.3f} MMAC"


def _versions(document: InspectDocument) -> str:
    if document.openvino is not None:
        return _openvino(document.openvino)
    facts = document.onnx
    if facts is None:
        return document.format
    others = "".join(f", {domain} {version}" for domain, version in facts.other_opsets.items())
    producer = f"{facts.producer} {facts.producer_version}".strip() or "unknown"
    opset = "unknown" if facts.opset is None else facts.opset
    return printable(f"onnx, opset {opset}{others}, ir_version {facts.ir_version}, producer {producer}")


def _openvino(facts: OpenVinoFacts) -> str:
    made = f", made with OpenVINO {facts.made_with}" if facts.made_with else ""
    return printable(f"openvino, ir_version {facts.ir_version}{made}")


def _stored(facts: OpenVinoFacts) -> str:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in facts.stored.items()) or "none"
    return printable(kinds) + (
        f"; {facts.compressed:,} of them are widened when loaded" if facts.compressed else ""
    )


def _provenance(facts: Provenance) -> Iterator[Row]:
    for source in facts.sources:
        digest = f", sha256 {source.sha256}" if source.sha256 else ""
        yield "source", printable(f"{source.kind}: {source.name}{digest}")
    tools = ", ".join(f"{name} {version}" for name, version in facts.tools.items())
    yield "made by", printable(tools)
    stated = {name: value for name, value in facts.options.items() if value not in (None, [], {}, False)}
    yield "options", printable(", ".join(f"{name} {value}" for name, value in stated.items()))
    ledger = facts.ledger
    yield (
        "ledger",
        f"{ledger.layers_total} layers = {ledger.layers_converted} converted + {ledger.layers_folded} folded"
        f" + {ledger.layers_dropped} dropped; {ledger.elements_total:,} numbers"
        f" = {ledger.elements_converted:,} kept + {ledger.elements_folded:,} folded",
    )
    yield "sidecar", facts.sidecar


def _layer_row(layer: LayerFacts) -> list[str]:
    return [
        printable(layer.name),
        printable(layer.type),
        ", ".join(shape_text(output.dims) for output in layer.outputs),
        f"{layer.parameters:,}" if layer.parameters else "",
        "unknown" if layer.macs is None else f"{layer.macs / 1e6:,.3f}" if layer.macs else "",
        _along_axes(layer.receptive_field_px) if layer.receptive_field_px else "",
    ]


def _stored_row(layer: StoredLayerFacts) -> list[str]:
    return [
        printable(layer.name),
        printable(layer.type),
        ", ".join(shape_text(blob.dims) for blob in layer.blobs),
        f"{sum(blob.elements for blob in layer.blobs):,}" if layer.blobs else "",
    ]
