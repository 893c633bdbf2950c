"""`ctk diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from toolkit.commands.options import JsonTarget, PrintSchema, Quiet
from toolkit.errors import UsageFault

# Heavy modules are imported inside the function: `ctk --help` loads this file for its first line of help.


def command(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="A B",
            help="Two models: an ONNX file, the xml of an OpenVINO IR, net.prototxt,net.caffemodel, one of the two alone, a folder, model:NAME.",
        ),
    ] = None,
    weights: Annotated[
        bool, typer.Option("--weights/--no-weights", help="Compare the numbers of weights too.")
    ] = True,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Differences up to this share of the largest number count as none."
        ),
    ] = 0.0,
    ignore_unknown_fields: Annotated[
        bool, typer.Option("--ignore-unknown-fields", help="Unknown prototxt fields are warnings.")
    ] = False,
    json_target: JsonTarget = None,
    quiet: Quiet = False,
    print_schema: PrintSchema = False,
) -> int:
    """Tell how two models differ: inputs and outputs, layers or nodes, names, weights.

    A Caffe network and an ONNX file are compared node by node, with the nodes that ctk makes of every layer.
    OpenVINO IR is compared with the others by the names that its layers keep; numbers that it holds rounded to
    float16 are the same when they are what rounding makes of the others.

    Exit status 0 when they are the same, 1 when they differ.

    Examples:
      ctk diff old.onnx new.onnx
      ctk diff net.prototxt,net.caffemodel net.onnx --json -
      ctk diff model:colorization-v2-norebal ctk-out/colorization-v2-norebal/onnx --no-weights
      ctk diff net.onnx net.xml
      ctk diff first.caffemodel second.caffemodel --tolerance 1e-6
    """
    from converters.diff.comparing import diff_models, refuse_differences
    from converters.diff.document import DiffDocument
    from converters.diff.table import print_diff
    from toolkit.documents import deliver
    from toolkit.documents import print_schema as show_schema
    from toolkit.messages import note, set_quiet

    if print_schema:
        show_schema(DiffDocument)
        return 0
    set_quiet(quiet)
    if len(models or ()) != 2:
        raise UsageFault(
            "CTK601",
            f"two models are compared, {len(models or ())} were given",
            notes=["a prototxt and its caffemodel are one model, written net.prototxt,net.caffemodel"],
        )
    first, second = models or ("", "")
    document = diff_models(
        first, second, weights=weights, tolerance=tolerance, ignore_unknown_fields=ignore_unknown_fields
    )
    if not deliver(document, json_target):
        print_diff(document)
    for remark in document.remarks:
        note(remark)
    refuse_differences(document)
    return 0
