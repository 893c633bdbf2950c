"""`ctk bench`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from toolkit.commands.options import DryRun, JsonTarget, ModelName, PrintSchema, Quiet, Threads, WeightsKind
from toolkit.errors import UsageFault

# Heavy modules are imported inside the functions: `ctk --help` loads this file for its first line of help.
_DEFAULT_LAUNCHES = 5
_PRECISE_LAUNCHES = 10


class Mode(StrEnum):
    """The modes, for the parser; the same words as `benchmarks.bench_document.Mode`."""

    latency = "latency"
    throughput = "throughput"
    stream = "stream"
    cold = "cold"


def command(
    backend: Annotated[
        list[str] | None,
        typer.Option(
            "--backend", metavar="NAME", help="Backend to measure; repeatable. All installed ones by default."
        ),
    ] = None,
    model: ModelName = None,
    artifact: Annotated[
        list[str] | None,
        typer.Option(
            "--artifact",
            metavar="[BACKEND=]FILE",
            help="Artifact to measure instead of one made on demand; repeatable.",
        ),
    ] = None,
    preset: Annotated[
        str, typer.Option("--preset", metavar="NAME", help="Pre- and postprocessing.")
    ] = "exact",
    images: Annotated[
        list[Path] | None,
        typer.Option(
            "--images",
            metavar="DIR|FILE",
            help="Sample pictures; repeatable. One built-in picture by default.",
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            metavar="WORD",
            help="f32 (the default), f16, bf16, or native for the runtime's own choice.",
        ),
    ] = None,
    threads: Threads = None,
    batch: Annotated[
        int | None,
        typer.Option("--batch", metavar="N", min=1, help="Pictures in one inference; 1 by default."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="NAME", help="Device in the runtime's words; its CPU by default."),
    ] = None,
    weights: WeightsKind = None,
    launches: Annotated[
        int | None,
        typer.Option(
            "--launches",
            metavar="N",
            min=1,
            help="Processes of each arm; 5 by default. Intervals are over them.",
        ),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option("--rounds", metavar="N", min=1, help="Rounds in a launch; 4 by default.")
    ] = None,
    iterations: Annotated[
        int | None,
        typer.Option(
            "--iterations",
            metavar="N",
            min=1,
            help="Iterations in a block; 10 by default, fewer where 3 minutes are too short.",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", metavar="N", min=0, help="Of the order of the arms and of the pictures' contents."
        ),
    ] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="At most 30 s: figures, no verdict.")] = False,
    precise: Annotated[bool, typer.Option("--precise", help="10 launches.")] = False,
    margin: Annotated[
        str, typer.Option("--margin", metavar="3%", help="Smallest fraction that counts as a change.")
    ] = "3%",
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="ci=1%", help="Add launches until intervals are that narrow."),
    ] = None,
    mode: Annotated[
        Mode, typer.Option("--mode", metavar="WORD", help="latency, throughput, stream or cold.")
    ] = Mode.latency,
    rate: Annotated[
        float | None, typer.Option("--rate", metavar="R", help="Pictures that arrive a second, in stream.")
    ] = None,
    window: Annotated[
        float | None,
        typer.Option(
            "--window",
            metavar="S",
            help="Seconds measured in a launch of throughput or stream; 5 by default.",
        ),
    ] = None,
    in_flight: Annotated[
        int | None,
        typer.Option(
            "--in-flight",
            metavar="N",
            min=1,
            help="Inferences at a time in throughput; by default as many as the runtime likes best.",
        ),
    ] = None,
    queue: Annotated[
        int | None,
        typer.Option(
            "--queue",
            metavar="N",
            min=1,
            help="Arrivals that may wait in stream, 8 by default; more are dropped.",
        ),
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep",
            metavar="NAME=A,B ...",
            help='Every arm in all combinations, such as "threads=1,2 batch=1,4".',
        ),
    ] = None,
    matrix: Annotated[
        Path | None,
        typer.Option("--matrix", metavar="FILE", help="Backends × precisions × modes from a TOML file."),
    ] = None,
    profile_layers: Annotated[
        bool, typer.Option("--profile-layers", help="Times of layers, by the runtime's own counters.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="ARTIFACT",
            help="The old artifact, interleaved with the new one: the gate for CI.",
        ),
    ] = None,
    against_settings: Annotated[
        str | None,
        typer.Option(
            "--against-settings",
            metavar="NAME=VALUE ...",
            help="Settings of the old side: precision, threads, batch, device.",
        ),
    ] = None,
    save_baseline: Annotated[
        Path | None, typer.Option("--save-baseline", metavar="FILE", help="Keep the document for later runs.")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline", metavar="FILE", help="Hold the run against a kept one of the same machine."
        ),
    ] = None,
    max_regression: Annotated[
        str | None,
        typer.Option(
            "--max-regression", metavar="3%", help="Slowdown that --baseline allows; the margin by default."
        ),
    ] = None,
    allow_different_machine: Annotated[
        bool,
        typer.Option(
            "--allow-different-machine",
            help="On another machine than the baseline's: a description, no verdict.",
        ),
    ] = False,
    allow_env: Annotated[
        list[str] | None,
        typer.Option("--allow-env", metavar="NAME", help="Let this problem of the host pass; repeatable."),
    ] = None,
    csv_target: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="One row for each run and stage.")
    ] = None,
    json_target: JsonTarget = None,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    print_schema: PrintSchema = False,
) -> int:
    """Measure what a picture costs, stage by stage, and whether differences are real.

    Exit status: 0 measured, and no gate failed; 2 slower than a gate allows; 3 nothing can be concluded; 4 a backend or the
    host failed; 130 interrupted, what was measured is kept.

    Examples:
      ctk bench --backend openvino
      ctk bench --backend onnxruntime --backend openvino --json out.json
      ctk bench --backend openvino --artifact new.xml --against old.xml
      ctk bench --backend openvino --against-settings precision=native
      ctk bench --backend onnxruntime --baseline base.json --max-regression 5%
    """  # fmt: skip
    from benchmarks.bench_document import BenchDocument
    from benchmarks.variations.sweep import parse_sweep
    from benchmarks.variations.until_ci import parse_until
    from reports.bench.arm_settings import settings_of
    from reports.bench.delivery import Targets
    from reports.bench.given_artifacts import given_artifacts
    from reports.bench.matrix_requests import matrix_requests, refuse_of_modes
    from reports.bench.percentages import fraction_of
    from reports.bench.performing import measure_all, show_plan
    from reports.bench.request import Request
    from toolkit.documents import print_schema as show_schema
    from toolkit.messages import set_quiet

    if print_schema:
        show_schema(BenchDocument)
        return 0
    set_quiet(quiet)
    if matrix is not None:
        refuse_of_modes({"--rate": rate, "--window": window, "--in-flight": in_flight, "--queue": queue})
    own = {"precision": precision, "batch": batch, "rounds": rounds, "iterations": iterations}
    given: dict[str, Any] = {name: value for name, value in own.items() if value is not None}
    asked = Request(
        **given,
        given=frozenset(given),
        model=model,
        backends=tuple(dict.fromkeys(backend or ())),
        artifacts=given_artifacts(artifact or ()),
        preset=preset,
        images=tuple(images or ()),
        threads=threads,
        device=device,
        weights=weights,
        launches=_launches(launches, precise, quick),
        margin=fraction_of(margin, "--margin"),
        seed=seed,
        quick=quick,
        allow_env=tuple(allow_env or ()),
        against=against,
        against_settings=settings_of(against_settings) if against_settings is not None else {},
        baseline=baseline,
        max_regression=fraction_of(max_regression, "--max-regression")
        if max_regression is not None
        else None,
        allow_different_machine=allow_different_machine,
        save_baseline=save_baseline,
        mode=mode.value,
        rate=rate,
        window_s=window,
        in_flight=in_flight,
        queue=queue,
        launches_given=launches is not None or precise,
        sweep=parse_sweep(sweep) if sweep else {},
        until=parse_until(until) if until is not None else None,
        profile_layers=profile_layers,
    )
    jobs = [asked] if matrix is None else matrix_requests(matrix, asked)
    if dry_run:
        return show_plan(jobs, json_target)
    return measure_all(jobs, Targets(json_target, csv_target, save_baseline, summary=not quiet), quiet)


def _launches(asked: int | None, precise: bool, quick: bool) -> int:
    if sum((asked is not None, precise, quick)) > 1:
        raise UsageFault("CTK601", "--launches, --precise and --quick exclude each other")
    return asked if asked is not None else _PRECISE_LAUNCHES if precise else _DEFAULT_LAUNCHES
