"""`ctk inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.commands.options import JsonTarget, PrintSchema, Quiet, WeightsKind

# Heavy modules are imported inside the function: `ctk --help` loads this file for its first line of help.


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILES]...",
            help="An ONNX file, the xml of an OpenVINO IR, a prototxt with or without its caffemodel, or a caffemodel alone.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="Model card; without files colorization-v2-norebal."),
    ] = None,
    weights: WeightsKind = None,
    layers: Annotated[bool, typer.Option("--layers", help="A row for each layer or node.")] = False,
    backend: Annotated[
        list[str] | None,
        typer.Option(
            "--backend",
            metavar="NAME",
            help="Also tell what this backend cannot execute of it; may be given several times.",
        ),
    ] = None,
    ignore_unknown_fields: Annotated[
        bool, typer.Option("--ignore-unknown-fields", help="Unknown prototxt fields are warnings.")
    ] = False,
    json_target: JsonTarget = None,
    quiet: Quiet = False,
    print_schema: PrintSchema = False,
) -> int:
    """Tell what a network is: inputs, outputs, layers, parameters, GMAC, receptive field, provenance.

    What the files are is told by their content. All problems of a Caffe network are listed at once. Without a
    caffemodel, parameters without data are listed and are no problem.

    Exit status 1 when a backend asked about lacks a part of the network; nothing is converted for that.

    Examples:
      ctk inspect
      ctk inspect net.prototxt net.caffemodel --layers
      ctk inspect net.onnx --json -
      ctk inspect net.xml
      ctk inspect net.caffemodel
      ctk inspect net.prototxt --backend opencv
      ctk inspect net.onnx --backend onnxruntime --backend openvino --json -
    """
    from converters.inspection.asked_backends import refuse_lacking_parts
    from converters.inspection.document import InspectDocument
    from converters.inspection.inspecting import inspect_files
    from converters.inspection.problems import refuse_problems
    from converters.inspection.table import print_inspection
    from toolkit.documents import deliver
    from toolkit.documents import print_schema as show_schema
    from toolkit.messages import note, set_quiet

    if print_schema:
        show_schema(InspectDocument)
        return 0
    set_quiet(quiet)
    document = inspect_files(
        files or (),
        model=model,
        weights=weights,
        ignore_unknown_fields=ignore_unknown_fields,
        backends=backend or (),
    )
    if not deliver(document, json_target):
        print_inspection(document, layers=layers)
    for remark in document.remarks:
        note(remark)
    refuse_problems(document)
    refuse_lacking_parts(document)
    return 0
