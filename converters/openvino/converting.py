"""From an ONNX file to an IR on disk: the part that both routes to OpenVINO share."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converters.openvino import naming
from converters.openvino.account import (
    elements_of_initializers,
    kept_by,
    ledger_of_ir,
    read_nodes,
)
from converters.openvino.edits import ended_at, with_mean_subtracted, with_sizes
from converters.openvino.folding import fold_constants
from converters.openvino.held_precision import held_precision
from converters.openvino.pair_writer import is_our_bin, is_ours, write_ir
from converters.openvino.reading import openvino_module, read_model, read_within_memory
from converters.openvino.repairs import repair
from converters.options import ConvertOptions
from converters.targets import check_report, check_target
from toolkit.artifact import Artifact, ArtifactDocument, GraphTensor, OutputFile, as_utf8, write_sidecar
from toolkit.errors import UsageFault, Where
from toolkit.ir_files import bin_of
from toolkit.messages import note

if TYPE_CHECKING:
    from onnx import ModelProto

PRECISIONS = ("f32", "f16")


@dataclass(frozen=True, slots=True)
class Edits:
    """What is changed in the network of the ONNX file.

    Attributes:
        ends: Blobs to end at; none for the file's own outputs.
        mean: Graph input and the number subtracted from it, or None.
        shapes: Whether the sizes of the options are still to be applied.
    """

    ends: Sequence[str] = ()
    mean: tuple[str, float] | None = None
    shapes: bool = False


def refuse_precision(options: ConvertOptions, route: str) -> None:
    """Checks the precision asked for.

    Raises:
        UsageFault: CTK604.
    """
    if options.precision not in PRECISIONS:
        what = f"--precision {options.precision} is not offered for {route}"
        raise UsageFault("CTK604", what, notes=["offered: " + ", ".join(PRECISIONS)])


def check_places(target: Path, sources: Sequence[Path], options: ConvertOptions) -> None:
    """Refuses to write over what is not ours, or over what is read; raises as `check_target`, `check_report`."""
    numbers = bin_of(target)
    check_target(
        target,
        sources,
        ours=is_ours(target),
        force=options.force,
        parts={numbers: lambda: is_our_bin(target)},
    )
    check_report(options.report, target, sources, [numbers])


def convert_onnx(
    path: Path,
    parsed: ModelProto | None,
    target: Path,
    facts: ArtifactDocument,
    options: ConvertOptions,
    edits: Edits,
    started: float,
    *,
    own: bool = True,
) -> Artifact:
    """Converts an ONNX file to IR and writes it, unless it is a dry run.

    Args:
        path: The ONNX file.
        parsed: The same, of `read_within_memory`, after `files_beside`; None for one that ctk has just made.
        target: The xml to write.
        facts: Provenance of the ONNX file; its format, tools, tensors and ledger are replaced.
        options: As the user gave them.
        edits: What is changed on the way.
        started: ``time.perf_counter()`` when the conversion began.
        own: Whether ctk made the ONNX file.

    Raises:
        BadInput: CTK508, CTK516 or CTK517 about the ONNX file.
        EnvironmentFailed: CTK401, CTK402, CTK404 or CTK408.
        UsageFault: CTK604 for a name that XML cannot hold.
        InternalFault: CTK701 when the ledger does not fit.
    """
    parsed = parsed or read_within_memory(path)
    model, document = _made(path, parsed, facts, options, edits, own=own)
    if options.dry_run:
        return Artifact(target, document, written=False)
    inside = {key.removeprefix("ctk."): value for key, value in document.embedded().items()}
    written = write_ir(target, model, inside, f16=options.precision == "f16")
    outcome: dict[str, Any] = {
        "outputs": [
            OutputFile(name=as_utf8(file.path.name), sha256=file.sha256, size_bytes=file.size)
            for file in written
        ],
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - started, 3),
    }
    document = document.model_copy(update=outcome)
    write_sidecar(target, document)
    return Artifact(target, document)


def _made(
    path: Path,
    parsed: ModelProto,
    facts: ArtifactDocument,
    options: ConvertOptions,
    edits: Edits,
    *,
    own: bool,
) -> tuple[Any, ArtifactDocument]:
    openvino, where = openvino_module(), Where(file=str(path))
    model = read_model(path, parsed, own=own)
    whole = model  # its operations must outlive the part that is taken from it
    given = naming.name_after_nodes(model, parsed.graph)
    repair(model, parsed, path)
    if edits.ends:
        model = ended_at(whole, edits.ends, where)
    if edits.shapes:
        with_sizes(model, options.input_shape, options.batch, where)
    if edits.mean is not None:
        with_mean_subtracted(model, *edits.mean, where)
    sizes = elements_of_initializers(parsed.graph)
    fold_constants(model, sizes, given, path)
    model.set_friendly_name(facts.model)
    for key in list(model.rt_info):
        del model.rt_info[key]  # what OpenVINO copied from the ONNX file's metadata
    tensors = {
        "inputs": [_tensor(value) for value in model.inputs],
        "graph_outputs": [_tensor(value) for value in model.outputs],
    }
    changed: dict[str, Any] = {
        "format": "openvino",
        "precision": held_precision(model, compressed=options.precision == "f16"),
        "tools": {**facts.tools, "openvino": openvino.__version__},
        "options": {**facts.options, "precision": options.precision},
        "ledger": ledger_of_ir(facts.ledger, sizes, read_nodes(parsed.graph, edits.ends), kept_by(model)),
        **{key: _with_symbols(found, getattr(facts, key)) for key, found in tensors.items()},
    }
    _note_precision(changed["precision"], options)
    return model, facts.model_copy(update=changed)


def _note_precision(held: str, options: ConvertOptions) -> None:
    if held != options.precision:
        note(
            f"--precision {options.precision} does not change the numbers of this ONNX file: the IR holds {held}"
        )


def _tensor(value: Any) -> GraphTensor:
    """An input or output for the document; a dynamic size has no name in OpenVINO."""
    shape = value.get_partial_shape()
    dims: list[int | str] = []
    if shape.rank.is_static:
        dims = [size.get_length() if size.is_static else "?" for size in shape]
    dtype = value.get_element_type().to_dtype().name
    return GraphTensor(name=min(value.get_names(), default=""), dims=dims, dtype=dtype)


def _with_symbols(found: Sequence[GraphTensor], known: Sequence[GraphTensor]) -> list[GraphTensor]:
    """The tensors with the names that the ONNX file has for their dynamic sizes, and of several names its own."""
    by_name = {tensor.name: tensor for tensor in known}
    return [_with_symbol(tensor, by_name.get(tensor.name)) for tensor in found]


def _with_symbol(tensor: GraphTensor, known: GraphTensor | None) -> GraphTensor:
    if known is None or len(known.dims) != len(tensor.dims):
        return tensor
    dims = [
        old if new == "?" and isinstance(old, str) else new
        for new, old in zip(tensor.dims, known.dims, strict=True)
    ]
    return tensor.model_copy(update={"dims": dims})
