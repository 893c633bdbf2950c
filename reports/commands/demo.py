"""`ctk demo`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.commands.options import DryRun, JsonTarget, PrintSchema, Quiet, Threads
from toolkit.errors import CtkError, UsageFault
from toolkit.models.main_model import MAIN_MODEL

if TYPE_CHECKING:
    from reports.demo.document import DemoDocument

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
    what `ctk parity` and `ctk bench --quick` do. Exit status: 0 when parity passes; else as `ctk parity`, or 4 and more when
    a backend could not be measured. A noisy host is told, and is no failure: the figures are no verdict.

    Examples:
      ctk demo
      ctk demo -o /tmp/demo --threads 1
      ctk demo --json - --quiet
    """  # fmt: skip
    from reports.attempt import attempt
    from reports.bench.delivery import STANDARD_OUTPUT
    from reports.bench.judging import decisive
    from reports.demo.document import DemoDocument
    from reports.demo.run import DemoSettings, run_demo
    from reports.demo.verdict import demo_errors, is_interrupted
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
    failures: list[CtkError] = []
    attempt(failures, lambda: write_atomically(output / "demo.json", document.to_json().encode()))
    attempt(failures, lambda: deliver(document, json_target))
    if json_target != STANDARD_OUTPUT and not quiet:
        attempt(failures, lambda: _shown(document, output))
    if is_interrupted(document.parity) or (document.bench is not None and is_interrupted(document.bench)):
        for failure in failures:
            note(f"also: {failure.headline}")
        raise KeyboardInterrupt  # the one line and status of every interrupted verb
    error = decisive([*demo_errors(document), *failures])
    if error is not None:
        raise error
    return 0


def _shown(document: DemoDocument, output: Path) -> None:
    from reports.demo.show import show

    show(document, sys.stdout)
    sys.stdout.write(f"document: {output / 'demo.json'}, pictures: {output / 'pictures'}\n")
    sys.stdout.flush()  # what cannot be written must show now, among the other failures


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
