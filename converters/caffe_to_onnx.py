"""The route `caffe->onnx`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.attachments import attached_blob, refuse_twice
from converters.caffe.build import read_net
from converters.caffe.caffemodel import read_caffemodel
from converters.caffe.network import Net
from converters.caffe.parameters import Sources
from converters.caffe_files import CaffeFiles, from_card, from_paths
from converters.ledger import with_left_out
from converters.net_options import net_options, with_default_head
from converters.onnx.graph import Graph
from converters.options import ConvertOptions
from converters.request import ConversionRequest
from converters.targets import check_report, check_target, choose_target
from toolkit.artifact import (
    Artifact,
    ArtifactDocument,
    GraphTensor,
    OutputFile,
    SourceFile,
    Weights,
    as_utf8,
    write_sidecar,
)
from toolkit.errors import BadInput, UsageFault
from toolkit.hashing import sha256_file
from toolkit.ledger import LedgerDocument
from toolkit.models.card import ModelCard, model_cards, weights_kind
from toolkit.version import __version__

Hashes = Mapping[Path, Future[str]]


class CaffeToOnnx:
    """Converts Caffe to ONNX; registered as `caffe->onnx` in the group `ctk.converters`."""

    def convert(self, request: ConversionRequest) -> Artifact:
        """Reads, checks, emits and writes.

        Raises:
            BadInput: Anything wrong with the files (CTK501 to CTK516).
            EnvironmentFailed: The target cannot be written (CTK401, CTK402, CTK406).
            UsageFault: Options that do not fit (CTK601, CTK604).
            InternalFault: CTK701 when the ledger does not balance.
        """
        from converters.onnx.emit import emit_onnx
        from converters.onnx.stream_writer import is_ours, write_onnx

        started = time.perf_counter()
        refuse_unoffered(request.options)
        files = _files(request)
        options = with_default_head(request.options, files.card)
        sources = _source_paths(files, options)
        target = choose_target(request.output, _stem(files, options), files.name, "onnx")
        check_target(target, list(sources.values()), ours=is_ours(target), force=options.force)
        check_report(options.report, target, list(sources.values()))
        with ThreadPoolExecutor(1) as pool:
            # Hashing runs beside reading and writing; all of them release the interpreter's lock.
            hashes = {path: pool.submit(sha256_file, path) for path in sources.values()}
            net = read_net(
                files.prototxt, _parameter_sources(files, options), net_options(options, files.card)
            )
            graph, emitted = emit_onnx(net, options.opset, _mean_inside(files, net, options))
            ledger = with_left_out(
                emitted, [layer.index for layer in net.layers if layer.index >= 0], net.left_out
            )

            def described() -> ArtifactDocument:
                return _describe(files, options, sources, hashes, graph, ledger)

            if options.dry_run:
                return Artifact(target, described(), written=False)
            written = write_onnx(target, graph, lambda: described().embedded())
        outcome: dict[str, Any] = {
            "outputs": [
                OutputFile(name=as_utf8(f.path.name), sha256=f.sha256, size_bytes=f.size) for f in written
            ],
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - started, 3),
        }
        document = described().model_copy(update=outcome)
        write_sidecar(target, document)
        return Artifact(target, document)


def refuse_unoffered(options: ConvertOptions) -> None:
    """Options of DESIGN §4 that this route does not take.

    Raises:
        UsageFault: CTK604.
    """
    if options.head == "rgb":
        raise UsageFault("CTK604", "--head rgb is not offered for ONNX yet", notes=["offered: ab, bins"])
    if options.precision != "f32":
        raise UsageFault(
            "CTK604",
            f"--precision {options.precision} is not offered for caffe->onnx",
            notes=["offered: f32"],
        )
    if options.head and options.cut:
        raise UsageFault("CTK601", "--head and --cut both say where the network ends; give one of them")


def read_network(files: CaffeFiles, options: ConvertOptions) -> Net:
    """The `Net` that a conversion with these options would emit; raises as `read_net`."""
    options = with_default_head(options, files.card)
    return read_net(files.prototxt, _parameter_sources(files, options), net_options(options, files.card))


def _files(request: ConversionRequest) -> CaffeFiles:
    if not request.files:
        return from_card(request.model, request.options)
    if request.options.weights is not None:
        raise UsageFault(
            "CTK601",
            "--weights chooses among a model card's weights, but files were given",
            notes=["leave it out, or name no files"],
        )
    return from_paths(request.files, request.model)


def _source_paths(files: CaffeFiles, options: ConvertOptions) -> dict[str, Path]:
    named = {"prototxt": files.prototxt, "caffemodel": files.caffemodel, "coefficients": options.coefficients}
    named |= {f"attached {layer}": path for layer, path in options.attach.items()}
    return {kind: path for kind, path in named.items() if path is not None}


def _stem(files: CaffeFiles, options: ConvertOptions) -> str:
    head = f"-{options.head}" if options.head not in {None, "ab"} else ""
    return f"{files.name}{head}{'-synthetic' if files.synthetic else ''}"


def _parameter_sources(files: CaffeFiles, options: ConvertOptions) -> Sources:
    from toolkit.colour.coefficients import read_coefficients

    refuse_twice(options.attach)
    return Sources(
        caffemodel=read_caffemodel(files.caffemodel) if files.caffemodel else None,
        coefficients=read_coefficients(options.coefficients) if options.coefficients else None,
        coefficients_given=options.coefficients is not None,
        attached=dict(_attached(target, path) for target, path in options.attach.items()),
        allow_filler=options.allow_filler,
    )


def _attached(target: str, path: Path) -> tuple[tuple[str, int], NDArray[np.float32]]:
    """``LAYER`` or ``LAYER:INDEX`` and the array for that blob."""
    from toolkit.colour.coefficients import read_array

    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and warned of later
        return attached_blob(target), read_array(path).astype(np.float32)


def _known_card() -> ModelCard:
    return next(iter(model_cards().values()))


def _mean_inside(files: CaffeFiles, net: Net, options: ConvertOptions) -> tuple[str, float] | None:
    if options.mean == "outside":
        return None
    card = files.card or _known_card()
    if card.input.name not in net.inputs:
        raise BadInput(
            "CTK516",
            f"--mean inside: the network has no input {card.input.name!r}, so its mean is not known",
            notes=[f"a mean is known for the models: {', '.join(model_cards())}"],
        )
    return card.input.name, card.input.mean


def _describe(
    files: CaffeFiles,
    options: ConvertOptions,
    sources: Mapping[str, Path],
    hashes: Hashes,
    graph: Graph,
    ledger: LedgerDocument,
) -> ArtifactDocument:
    from importlib.metadata import version

    listed = [
        SourceFile(
            kind=as_utf8(kind),
            name=as_utf8(path.name),
            sha256=hashes[path].result(),
            size_bytes=path.stat().st_size,
        )
        for kind, path in sources.items()
    ]
    if (
        any(p.origin == "coefficients" for layer in ledger.layers for p in layer.parameters)
        and not options.coefficients
    ):
        listed.append(
            SourceFile(kind="coefficients", name="derived from the sRGB gamut", sha256=None, size_bytes=None)
        )
    weights: Weights = "own"
    if files.caffemodel is not None:
        weights = weights_kind(hashes[files.caffemodel].result())
    return ArtifactDocument(
        model=as_utf8(files.name),
        format="onnx",
        head=options.head,
        precision=options.precision,
        weights=weights,
        sources=listed,
        tools={"ctk": __version__, "onnx": version("onnx")},
        options=options.recorded(),
        inputs=[GraphTensor(name=i.name, dims=list(i.dims), dtype="float32") for i in graph.inputs],
        graph_outputs=[GraphTensor(name=o.name, dims=list(o.dims), dtype="float32") for o in graph.outputs],
        ledger=ledger,
    )
