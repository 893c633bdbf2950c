"""`ctk demo`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from toolkit.commands.options import DryRun, JsonTarget, PrintSchema, Quiet, Threads
from toolkit.errors import UsageFault
from toolkit.models.main_model import MAIN_MODEL

Progress = Callable[[str], None]


def command(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder for everything it makes.")
    ] = Path("ctk-demo"),
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="Model card.")] = MAIN_MODEL,
    threads: Threads = None,
    json_target: JsonTarget = None,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    print_schema: PrintSchema = False,
) -> int:
    """Run the main job once: convert, check every backend against the oracle, time each stage, show.

    Writes the ONNX artifact, the OpenVINO IR, coloured pictures and demo.json into the folder. What it checks and measures is
    what `ctk parity` and `ctk bench --quick` do. Exit status: 0 when parity passes; 1, 3 and 4 as `ctk parity`, 4 also
    when a backend could not be measured.

    Examples:
      ctk demo
      ctk demo -o /tmp/demo --threads 1
      ctk demo --json - --quiet
    """  # fmt: skip
    from reports.bench.judging import decisive, errors_of, judged
    from reports.demo.document import DemoDocument
    from reports.demo.run import DemoSettings, run_demo
    from reports.demo.show import show
    from reports.parity.judging import error_of
    from toolkit.atomic import write_atomically
    from toolkit.documents import deliver
    from toolkit.documents import print_schema as show_schema
    from toolkit.messages import note, set_quiet

    if print_schema:
        show_schema(DemoDocument)
        return 0
    set_quiet(quiet)
    if dry_run:
        _plan(model, output, json_target, quiet)
        return 0
    # Off a terminal nobody waits for the next step (DESIGN §4).
    progress: Progress = note if sys.stderr.isatty() else _nothing
    document = run_demo(DemoSettings(model, output, threads), progress)
    write_atomically(output / "demo.json", document.to_json().encode())
    taken = deliver(document, json_target)
    if not taken and not quiet:
        show(document, sys.stdout)
        sys.stdout.write(f"document: {output / 'demo.json'}, pictures: {output / 'pictures'}\n")
    unmatched = error_of(document.parity)
    found = [] if unmatched is None else [unmatched]
    error = decisive([*found, *errors_of(judged(document.bench))])
    if error is not None:
        raise error
    return 0


def _plan(model: str, output: Path, json_target: str | None, quiet: bool) -> None:
    from toolkit.models.card import model_card

    if json_target is not None:
        raise UsageFault(
            "CTK601",
            "--dry-run and --json exclude each other: the document holds what was measured",
            notes=["`ctk demo --print-schema` shows what it would hold"],
        )
    card = model_card(model)
    if not quiet:
        sys.stdout.write(
            f"{card.name}: would write {output}/onnx/, {output}/openvino/, {output}/pictures/, {output}/blobs/ and {output}/demo.json\n"
        )


def _nothing(_: str) -> None:
    pass
