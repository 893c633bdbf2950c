"""`ctk demo`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from toolkit.commands.options import DryRun, JsonTarget, PrintSchema, Quiet


def command(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder for everything it makes.")
    ] = Path("ctk-demo"),
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="Model card.")
    ] = "colorization-v2-norebal",
    iterations: Annotated[
        int, typer.Option("--iterations", metavar="N", min=1, help="Pictures to time; p90 needs 64.")
    ] = 24,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", min=1, help="Threads; physical cores by default.")
    ] = None,
    json_target: JsonTarget = None,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    print_schema: PrintSchema = False,
) -> int:
    """Run the main job once: convert, check against the oracle, time each stage, show.

    Writes the ONNX artifact, coloured pictures and demo.json into the folder. Exit status: 0 when parity
    passes, 1 when it fails, 3 when the check did not see a fault made on purpose.

    Examples:
      ctk demo
      ctk demo -o /tmp/demo --iterations 64
      ctk demo --json - --quiet
    """  # fmt: skip
    from reports.demo.document import DemoDocument
    from reports.demo.run import DemoSettings, run_demo
    from reports.demo.tables import show
    from toolkit.atomic import write_atomically
    from toolkit.documents import deliver
    from toolkit.documents import print_schema as show_schema
    from toolkit.messages import note, set_quiet

    if print_schema:
        show_schema(DemoDocument)
        return 0
    set_quiet(quiet)
    if dry_run:
        sys.stdout.write(f"would write {output}/onnx/, {output}/pictures/ and {output}/demo.json\n")
        return 0
    document = run_demo(DemoSettings(model, output, iterations, threads), note)
    write_atomically(output / "demo.json", document.to_json().encode())
    taken = deliver(document, json_target)
    if not taken and not quiet:
        show(document, sys.stdout)
        sys.stdout.write(f"document: {output / 'demo.json'}, pictures: {output / 'pictures'}\n")
    return {"pass": 0, "fail": 1, "inconclusive": 3}[document.verdict]
