"""`ctk parity`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.commands.options import DryRun, JsonTarget, ModelName, PrintSchema, Quiet, Threads, WeightsKind

# Heavy modules are imported inside the function: `ctk --help` loads this file for its first line of help.


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILES",
            help="The network's own files, a prototxt and its caffemodel; and, beside them, the file to check.",
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            "--reference",
            metavar="WHAT",
            help="caffe-reference (the default), golden:DIR with inputs.npz and outputs.npz, or a backend.",
        ),
    ] = None,
    backend: Annotated[
        list[str] | None,
        typer.Option(
            "--backend", metavar="NAME", help="Backend to check; repeatable. All installed ones by default."
        ),
    ] = None,
    artifact: Annotated[
        list[str] | None,
        typer.Option(
            "--artifact",
            metavar="[BACKEND=]FILE",
            help="Artifact to check instead of one made on demand; repeatable.",
        ),
    ] = None,
    model: ModelName = None,
    weights: WeightsKind = None,
    images: Annotated[
        list[Path] | None,
        typer.Option(
            "--images",
            metavar="DIR|FILE",
            help="Pictures or folders of them; repeatable. The built-in pictures by default.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option("--preset", metavar="NAME", help="Pre- and postprocessing; exact by default."),
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(
            "--rule",
            metavar="rtol=X,atol=Y",
            help="Bounds for every precision; by default those of each executed one.",
        ),
    ] = None,
    threads: Threads = None,
    native: Annotated[
        bool,
        typer.Option("--native/--no-native", help="A row for the runtime's own precision, which informs."),
    ] = True,
    layers: Annotated[
        bool, typer.Option("--layers", help="Compare every layer, and name the first that departs.")
    ] = False,
    blame: Annotated[
        bool, typer.Option("--blame", help="Swap one part at a time: whose fault a difference is.")
    ] = False,
    reproducer: Annotated[
        Path | None,
        typer.Option(
            "--reproducer",
            metavar="DIR",
            help="Save the smallest subgraph that shows a difference, with its inputs.",
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="DIR", help="Keep inputs and outputs, for --load and --rescore."),
    ] = None,
    load: Annotated[
        Path | None,
        typer.Option("--load", metavar="DIR", help="Inputs and reference of a saved run, on any machine."),
    ] = None,
    rescore: Annotated[
        Path | None,
        typer.Option(
            "--rescore", metavar="DIR", help="Judge a saved run again, by another rule; no backend runs."
        ),
    ] = None,
    json_target: JsonTarget = None,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    print_schema: PrintSchema = False,
) -> int:
    """Tell whether every backend computes what Caffe computed, and if not, where and why.

    Exit status: 0 all pass, and every fault made on purpose was seen; 1 a backend differs; 3 nothing can be concluded; 4 a
    backend failed, the others are judged; 5 bad input; 130 interrupted, what was compared is kept.

    Examples:
      ctk parity
      ctk parity --backend onnxruntime --backend openvino --backend opencv --json p.json
      ctk parity net.prototxt net.caffemodel --artifact net.onnx
      ctk parity --artifact openvino=net.xml --images photos/ --layers --blame
      ctk parity --reference golden:tests/golden/cases/real_color_mini deploy.prototxt weights.caffemodel
      ctk parity --save run && ctk parity --rescore run --rule rtol=1e-3,atol=1e-5
    """  # fmt: skip
    from benchmarks.parity_document import ParityDocument
    from reports.bench.given_artifacts import given_artifacts
    from reports.parity.given_files import given_files
    from reports.parity.performing import perform, show_plan
    from reports.parity.request import Request
    from toolkit.documents import print_schema as show_schema
    from toolkit.messages import set_quiet

    if print_schema:
        show_schema(ParityDocument)
        return 0
    set_quiet(quiet)
    found = given_files(files or (), given_artifacts(artifact or ()), reference)
    asked = Request(
        model=model,
        files=found.network,
        reference=reference,
        backends=tuple(dict.fromkeys(backend or ())),
        artifacts=found.artifacts,
        images=tuple(images or ()),
        rule=rule,
        preset=preset,
        weights=weights,
        threads=threads,
        layers=layers,
        blame=blame,
        reproducer=reproducer,
        save=save,
        load=load,
        rescore=rescore,
        native=native,
    )
    if dry_run:
        return show_plan(asked, json_target)
    return perform(asked, json_target, quiet)
