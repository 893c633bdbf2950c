"""What is said of one run beside its stages: what ran, how it started, and whether it can be true."""

from __future__ import annotations

import re

from benchmarks.bench_document import BenchRun
from reports.bench.canvas import Canvas
from reports.bench.cautions import run_cautions
from reports.bench.figures import NOTHING, counted, megabytes, milliseconds
from reports.bench.layer_table import show_layers
from reports.bench.stage_table import show_stages

# Settings of a runtime, by its own names; not the variables, which every thread pool has.
_TELLING = re.compile(
    r"^(?!env ).*(threads|spinning|hint$|precision_hint|num_streams|pinning|optimization_level)",
    re.IGNORECASE,
)


def show_run(run: BenchRun, canvas: Canvas) -> None:
    """Prints one run as a section of its own."""
    version = f" {run.runtime_version}" if run.runtime_version else ""
    name = "" if run.arm == run.backend else f"{run.arm}: "
    canvas.head(f"{name}{run.backend}{version} ({run.origin})")
    if run.status != "ok":
        code = f"{run.failure_code} " if run.failure_code else ""
        canvas.line(f"{run.status}: {code}{run.failure or 'no reason is known'}", "red")
    if not run.stages and run.status != "ok":
        return
    canvas.line(_configuration(run))
    if run.artifact is not None:
        canvas.line(f"artifact: {run.artifact.path}, sha256 {run.artifact.sha256[:12]}")
    show_stages(run, canvas)
    _show_mode_figures(run, canvas)
    canvas.line(_one_off(run))
    _show_plausibility(run, canvas)
    for caution in run_cautions(run):
        canvas.line(caution, "yellow")
    show_layers(run, canvas)


def _configuration(run: BenchRun) -> str:
    threads = "threads unknown" if run.threads is None else counted(run.threads, "thread")
    parts = [
        f"precision: {run.precision_requested} asked, {run.precision_executed or 'unknown'} executed",
        threads,
        f"batch {run.batch}",
        run.device or "device unknown",
    ]
    return "; ".join([", ".join(parts), *_settings(run)])


def _settings(run: BenchRun) -> list[str]:
    """What decides about speed, as the runtime says it; the document has all of it."""
    everything = run.effective_settings
    telling = {name: value for name, value in everything.items() if _TELLING.search(name) and value}
    told = [", ".join(f"{name}={value}" for name, value in telling.items())] if telling else []
    left = len(everything) - len(telling)
    return [*told, *([f"{counted(left, 'further setting')} in the document"] if left else [])]


def _one_off(run: BenchRun) -> str:
    parts = [
        f"load {milliseconds(run.load_ms)} ms",
        f"first inference {milliseconds(run.first_infer_ms)} ms",
        f"peak RSS {megabytes(run.peak_rss_bytes)}",
    ]
    if run.launches:
        cut = sum(launch.warmup_n for launch in run.launches)
        kept = sum(launch.n for launch in run.launches)
        parts.append(
            f"{counted(len(run.launches), 'launch')}, n = {kept} after {counted(cut, 'sample')} of warm-up"
        )
    return ", ".join(parts)


def _show_mode_figures(run: BenchRun, canvas: Canvas) -> None:
    if run.items_per_s is not None:
        canvas.line(f"{run.items_per_s:.4g} items/s")
    if run.mode_figures:
        canvas.table(("figure", "value"), [[name, _plain(value)] for name, value in run.mode_figures.items()])


def _plain(value: float | str | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _show_plausibility(run: BenchRun, canvas: Canvas) -> None:
    judged = run.plausibility
    if judged is None:
        return
    floor = "" if judged.floor_ms is None else f", floor {milliseconds(judged.floor_ms)} ms"
    arithmetic = f": {judged.arithmetic}" if judged.arithmetic else ""
    bad = judged.verdict == "implausible"
    canvas.line(f"plausibility of infer: {judged.verdict}{floor}{arithmetic}", "bold red" if bad else "")
    if judged.peak_source:
        canvas.line(f"peak: {judged.peak_source}")
    if bad and judged.likely_causes:
        canvas.line("likely causes, in the order to test: " + "; ".join(judged.likely_causes))
