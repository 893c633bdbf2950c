"""`ctk convert`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TextIO

import typer

from toolkit.commands.options import DryRun, JsonTarget, PrintSchema, Quiet, WeightsKind
from toolkit.errors import UsageFault

# Heavy modules are imported inside the function: `ctk --help` loads this file for its first line of help.


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE->TARGET] [FILES]...",
            help="A conversion (caffe->onnx, caffe:onnx, caffe2onnx) and the network's files, in any order.",
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="FORMAT", help="Format of the files.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FORMAT", help="Format wanted; onnx by default.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="Model card; without files colorization-v2-norebal."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="File or folder to write; ctk-out/MODEL/FORMAT/ by default.",
        ),
    ] = None,
    prototxt: Annotated[
        Path | None, typer.Option(help="The prototxt, as the caffe2onnx package names it.")
    ] = None,
    caffemodel: Annotated[Path | None, typer.Option(help="The caffemodel, likewise.")] = None,
    onnx: Annotated[
        str | None, typer.Option(metavar="FILE", help="The ONNX file to write, likewise; or to read.")
    ] = None,
    head: Annotated[
        Literal["ab", "bins", "rgb"] | None,
        typer.Option(help="Where the network ends: class8_ab, or the probabilities class8_313_rh."),
    ] = None,
    mean: Annotated[
        Literal["outside", "inside"],
        typer.Option(help="Subtract the 50 from L outside the graph or inside it."),
    ] = "outside",
    coefficients: Annotated[
        Path | None, typer.Option(metavar="FILE", help="pts_in_hull.npy for class8_ab; derived by default.")
    ] = None,
    attach: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAYER=FILE.npy", help="Weights for a layer (LAYER:1=FILE for its second blob)."
        ),
    ] = None,
    precision: Annotated[Literal["f32", "f16", "i8"], typer.Option(help="Numbers of the artifact.")] = "f32",
    opset: Annotated[int, typer.Option(metavar="N", help="ONNX operator set, 11 to 21.")] = 13,
    cut: Annotated[
        list[str] | None, typer.Option(metavar="BLOB", help="End at this blob; may be repeated.")
    ] = None,
    from_blob: Annotated[
        list[str] | None,
        typer.Option(
            "--from-blob", metavar="BLOB", help="Start at this blob, which becomes an input; may be repeated."
        ),
    ] = None,
    batch: Annotated[str | None, typer.Option(metavar="N|dynamic", help="Batch size.")] = None,
    input_shape: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:1,1,224,224", help="Size of an input; -1 for a dynamic axis."),
    ] = None,
    weights: WeightsKind = None,
    allow_filler: Annotated[
        bool, typer.Option("--allow-filler", help="Make up weights that are missing.")
    ] = False,
    ignore_unknown_fields: Annotated[
        bool, typer.Option("--ignore-unknown-fields", help="Unknown prototxt fields are warnings.")
    ] = False,
    keep_intermediate: Annotated[
        bool, typer.Option("--keep-intermediate", help="Keep the ONNX file of a route that goes through it.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a target that ctk did not write.")] = False,
    json_target: JsonTarget = None,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    print_schema: PrintSchema = False,
) -> int:
    """Convert a network from one format to another.

    Without files the model colorization-v2-norebal is meant. The result has a sidecar NAME.ctk.json with its
    provenance and the ledger of every layer and parameter.

    Examples:
      ctk convert caffe:onnx
      ctk convert "caffe->openvino" --precision f16 --keep-intermediate
      ctk convert net.onnx --to openvino --batch dynamic -o ir/
      ctk convert "caffe->onnx" --head bins -o bins.onnx
      ctk convert net.prototxt net.caffemodel --to onnx -o net.onnx
      ctk convert caffe2onnx --batch dynamic --opset 17 --json -
      ctk convert net.prototxt net.caffemodel --attach fc8=fc8.npy --cut prob
      ctk convert net.prototxt net.caffemodel --from-blob pool1 --cut conv3
    """  # fmt: skip
    from converters.api import convert
    from converters.attachments import refuse_twice
    from converters.caffe.input_shapes import parse_input_shapes
    from converters.conversion_names import read_words
    from converters.options import ConvertOptions
    from toolkit.artifact import ArtifactDocument
    from toolkit.documents import deliver
    from toolkit.documents import print_schema as show_schema
    from toolkit.messages import set_quiet

    if print_schema:
        show_schema(ArtifactDocument)
        return 0
    set_quiet(quiet)
    wanted = read_words(words or [], source, to)
    if wanted.redirected and json_target == "-":
        raise UsageFault(
            "CTK601",
            "--json - needs standard output, which the unquoted > has taken",
            notes=['quote it: "caffe->onnx"'],
        )
    attachments = [_attachment(item) for item in attach or ()]
    refuse_twice(layer for layer, _ in attachments)
    options = ConvertOptions(
        head=head,
        mean=mean,
        coefficients=coefficients,
        attach=dict(attachments),
        precision=precision,
        opset=opset,
        cut=tuple(cut or ()),
        from_blob=tuple(from_blob or ()),
        batch=_batch(batch),
        input_shape=parse_input_shapes(input_shape or ()),
        weights=weights,
        allow_filler=allow_filler,
        ignore_unknown_fields=ignore_unknown_fields,
        keep_intermediate=keep_intermediate,
        force=force,
        dry_run=dry_run,
        report=Path(json_target) if json_target not in {None, "-"} else None,
    )
    to = wanted.to or "onnx"
    files = [*wanted.files, *(path for path in (prototxt, caffemodel) if path is not None)]
    written, read = _onnx_role(onnx, files, wanted.source, to)
    artifact = convert(
        [*files, *read],
        source=wanted.source,
        to=to,
        model=model,
        output=_output(output, written),
        options=options,
    )
    taken = deliver(artifact.document, json_target)
    if not quiet:
        _summarise(
            artifact.path,
            artifact.document,
            artifact.written,
            sys.stderr if taken or wanted.redirected else sys.stdout,
        )
    return 0


def before_parsing(words: Sequence[str]) -> None:
    """Undoes the shell's redirection of an unquoted ``caffe->onnx``, so that no wrong option leaves its file."""
    if any(word.endswith("-") for word in words):  # the import is not for every `--help`
        from converters.conversion_names import undo_redirection

        undo_redirection(words)


def _onnx_role(
    onnx: str | None, files: Sequence[Path], source: str | None, to: str
) -> tuple[str | None, list[Path]]:
    """What `--onnx FILE` names: the file to write, or the one to read where ONNX is the source."""
    if onnx is None or to == "onnx":
        return onnx, []
    if source == "onnx" or (source is None and not files):
        return None, [Path(onnx)]
    raise UsageFault(
        "CTK601",
        f"--onnx {onnx}: this conversion to {to} writes no ONNX file of that name",
        notes=["-o names the target; --keep-intermediate keeps the ONNX file beside it"],
    )


def _output(output: str | None, onnx: str | None) -> str | None:
    if output and onnx and Path(output) != Path(onnx):
        raise UsageFault("CTK601", "-o and --onnx name different targets; give one of them")
    return output or onnx


def _summarise(path: Path, document: object, written: bool, stream: TextIO) -> None:
    from toolkit.artifact import ArtifactDocument
    from toolkit.errors import printable

    assert isinstance(document, ArtifactDocument)
    ledger = document.ledger
    size = sum(file.size_bytes for file in document.outputs)
    stream.write(
        f"{printable(str(path))}{f'  {size:,} bytes' if written else '  (dry run: not written)'}\n"
        f"  {printable(document.model)}, weights: {document.weights}, precision: {document.precision}\n"
        f"  {_tensors(document.inputs)} -> {_tensors(document.graph_outputs)}\n"
        f"  layers: {ledger.layers_total} = {ledger.layers_converted} converted + {ledger.layers_folded} folded"
        f" + {ledger.layers_dropped} dropped\n"
        f"  parameters: {ledger.elements_total:,} = {ledger.elements_converted:,} kept + {ledger.elements_folded:,} folded\n"
    )


def _tensors(tensors: Sequence[object]) -> str:
    from toolkit.artifact import GraphTensor
    from toolkit.errors import printable

    return ", ".join(
        printable(f"{t.name} {'x'.join(map(str, t.dims)) or 'scalar'}")
        for t in tensors
        if isinstance(t, GraphTensor)
    )


def _attachment(item: str) -> tuple[str, Path]:
    layer, equals, file = item.rpartition("=")
    if not equals or not layer or not file:
        raise UsageFault("CTK601", f"--attach {item!r} is not LAYER=FILE.npy")
    return layer, Path(file)


def _batch(text: str | None) -> int | Literal["dynamic"] | None:
    if text is None:
        return None
    if text == "dynamic":
        return "dynamic"
    from converters.caffe.input_shapes import is_count

    if is_count(text):
        return int(text)
    raise UsageFault("CTK601", f"--batch {text[:40]!r} is neither a positive number nor dynamic")
