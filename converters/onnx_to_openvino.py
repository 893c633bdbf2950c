"""The route `onnx->openvino`: an ONNX file, ctk's own or any other, as OpenVINO IR."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from converters.caffe_to_openvino import CaffeToOpenvino
from converters.inspection.provenance import embedded_provenance
from converters.openvino.account import ledger_of_nodes
from converters.openvino.converting import Edits, check_places, convert_onnx, refuse_precision
from converters.openvino.reading import files_beside, openvino_module, read_within_memory
from converters.options import DEFAULT_OPSET, ConvertOptions
from converters.request import ConversionRequest
from converters.targets import choose_target
from toolkit.artifact import Artifact, ArtifactDocument, SourceFile, as_utf8
from toolkit.errors import UsageFault
from toolkit.hashing import sha256_file
from toolkit.messages import note
from toolkit.models.card import ModelCard, model_card, model_cards
from toolkit.models.main_model import MAIN_MODEL
from toolkit.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

_ROUTE = "onnx->openvino"


class OnnxToOpenvino:
    """Converts ONNX to OpenVINO IR; registered as `onnx->openvino` in the group `ctk.converters`."""

    def convert(self, request: ConversionRequest) -> Artifact:
        """Reads, changes what the options say, and writes; without a file, a model card's ONNX is made first.

        Raises:
            BadInput: CTK501, CTK502 or CTK517 for the file, CTK516 for a blob or input that it lacks, CTK508
                for sizes that it does not take.
            EnvironmentFailed: The target cannot be written (CTK401, CTK402, CTK406), openvino is missing or
                lacks an operator (CTK404), memory runs out (CTK408).
            UsageFault: Options that do not fit (CTK601, CTK604), CTK603 for an unknown model.
        """
        if not request.files:
            return CaffeToOpenvino().convert(request)
        started = time.perf_counter()
        path, options = _only_file(request.files), request.options
        _refuse_unoffered(options)
        openvino_module()
        card = model_card(request.model) if request.model else None
        parsed = read_within_memory(path)
        origin, _ = embedded_provenance({item.key: item.value for item in parsed.metadata_props})
        target = choose_target(
            request.output, _stem(path, origin), _model_name(path, card, origin), "openvino"
        )
        check_places(target, [path], options)
        edits = _edits(options, card, origin)
        facts = _facts(path, parsed, origin, _model_name(path, card, origin), options)
        own = origin is not None
        return convert_onnx(path, parsed, target, facts, options, edits, started, own=own)


def _only_file(files: tuple[Path, ...]) -> Path:
    if len(files) != 1:
        notes = ["a file of external data is found by itself, beside the ONNX file"]
        raise UsageFault("CTK601", f"one ONNX file is converted at a time, not {len(files)}", notes=notes)
    return files[0]


def _refuse_unoffered(options: ConvertOptions) -> None:
    refuse_precision(options, _ROUTE)
    if options.head == "rgb":
        raise UsageFault("CTK604", f"--head rgb is not offered for {_ROUTE}", notes=["offered: ab, bins"])
    if options.head and options.cut:
        raise UsageFault("CTK601", "--head and --cut both say where the network ends; give one of them")
    unfit = {
        "--coefficients": options.coefficients is not None,
        "--attach": bool(options.attach),
        "--from-blob": bool(options.from_blob),
        "--weights": options.weights is not None,
        "--allow-filler": options.allow_filler,
        "--ignore-unknown-fields": options.ignore_unknown_fields,
        "--opset": options.opset != DEFAULT_OPSET,
        "--keep-intermediate": options.keep_intermediate,
    }
    for option, given in unfit.items():
        if given:
            what = f"{option} is about the way from Caffe to ONNX, and an ONNX file was given"
            raise UsageFault("CTK604", what)


def _edits(options: ConvertOptions, card: ModelCard | None, origin: ArtifactDocument | None) -> Edits:
    known = card or _known_card(origin)
    ends = [known.heads[options.head].blob] if options.head else list(options.cut)
    mean = (known.input.name, known.input.mean) if options.mean == "inside" else None
    if mean is not None and origin is not None and origin.options.get("mean") == "inside":
        note("--mean inside: the ONNX file subtracts the mean already, and is left as it is")
        mean = None
    return Edits(ends, mean, shapes=True)


def _known_card(origin: ArtifactDocument | None) -> ModelCard:
    cards = model_cards()
    return cards[origin.model if origin is not None and origin.model in cards else MAIN_MODEL]


def _model_name(path: Path, card: ModelCard | None, origin: ArtifactDocument | None) -> str:
    if card is not None:
        return card.name
    # What the file says is not trusted: the name becomes a folder's.
    if origin is not None and origin.model == Path(origin.model).name and origin.model.strip("."):
        return origin.model
    return as_utf8(path.stem.lstrip(".") or "network")


def _stem(path: Path, origin: ArtifactDocument | None) -> str:
    stem = path.stem.lstrip(".") or "network"
    synthetic = origin is not None and origin.weights == "synthetic" and "-synthetic" not in stem
    return f"{stem}-synthetic" if synthetic else stem


def _facts(
    path: Path,
    parsed: ModelProto,
    origin: ArtifactDocument | None,
    model: str,
    options: ConvertOptions,
) -> ArtifactDocument:
    """Provenance of the ONNX file: what ctk wrote into it, else what can be seen."""
    sources = [_source("onnx", path), *_external_sources(path, parsed)]
    recorded = options.recorded()
    if origin is None:
        return ArtifactDocument(
            model=model,
            format="onnx",
            head=options.head,
            precision="f32",  # until the graph tells
            weights="own",
            sources=sources,
            tools={"ctk": __version__},
            options={**recorded, "opset": _opset(parsed)},
            inputs=[],
            graph_outputs=[],
            ledger=ledger_of_nodes(parsed.graph),
        )
    head = options.head or (None if options.cut else origin.head)
    changed = {key: recorded[key] for key in ("batch", "cut", "input_shape") if recorded[key]}
    if options.mean == "inside":
        changed["mean"] = "inside"
    return origin.model_copy(
        update={
            "model": model,
            "head": head,
            "sources": [*sources, *origin.sources],
            "tools": {**origin.tools, "ctk": __version__},
            "options": {**origin.options, **changed, "head": head},
        }
    )


def _source(kind: str, path: Path) -> SourceFile:
    return SourceFile(
        kind=kind,
        name=as_utf8(path.name),
        sha256=sha256_file(path, "ONNX file"),
        size_bytes=path.stat().st_size,
    )


def _external_sources(path: Path, parsed: ModelProto) -> list[SourceFile]:
    return [
        SourceFile(
            kind="external data", name=Path(file.path).name, sha256=file.sha256, size_bytes=file.size_bytes
        )
        for file in files_beside(parsed, path)
    ]


def _opset(parsed: ModelProto) -> int | None:
    """The operator set of ONNX's own domain."""
    return next((item.version for item in parsed.opset_import if item.domain in {"", "ai.onnx"}), None)
