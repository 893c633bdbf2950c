"""The stages of one run as a table."""

from __future__ import annotations

from benchmarks.bench_document import BenchRun, StageSummary
from benchmarks.harness.stage_timing import STAGES, TOTAL
from reports.bench.canvas import Canvas, Cell
from reports.bench.figures import (
    bar,
    milliseconds,
    milliseconds_interval,
    percentile,
    shares_in_percent,
)

_WIDE_BAR = 20
_NARROW_BAR = 8
BELOW = "<res"


def show_stages(run: BenchRun, canvas: Canvas) -> None:
    """Prints the table, and below a narrow one the percentiles."""
    if not run.stages:
        return
    if canvas.wide:
        _wide(run, canvas)
    else:
        _narrow(run, canvas)
    if run.batch > 1:
        canvas.line(f"times are those of a whole batch of {run.batch} pictures")
    if any(figures.below_resolution for figures in run.stages.values()):
        canvas.line(f"{BELOW}: shorter than 100 readings of the clock, so not told apart from nothing")


def ordered_stages(run: BenchRun) -> list[str]:
    """The stages that a run has, in the order of the pipeline, the total last, others of a mode behind."""
    known = [*STAGES, TOTAL]
    return [stage for stage in known if stage in run.stages] + [s for s in run.stages if s not in known]


def _wide(run: BenchRun, canvas: Canvas) -> None:
    heads = (
        "stage", "mean ms", "share of mean", "%", "p50 ms", "95 % interval of p50 ms", "p90 ms", "p95 ms", "p99 ms", "min ms", "n",
    )  # fmt: skip
    rows: list[list[str | Cell]] = [
        [
            stage,
            _mean(run, stage, canvas),
            *_share(run, stage, _WIDE_BAR, canvas),
            _median(run, stage, canvas),
            milliseconds_interval(figures.ci95_ms),
            *_percentiles(figures),
            milliseconds(figures.min_ms),
            str(figures.n),
        ]
        for stage, figures in _rows(run)
    ]
    canvas.table(heads, rows, right=(1, 3, 4, 5, 6, 7, 8, 9, 10))


def _narrow(run: BenchRun, canvas: Canvas) -> None:
    heads = ("stage", "mean ms", "share", "%", "p50 ms", "95 % interval", "n")
    rows: list[list[str | Cell]] = [
        [
            stage,
            _mean(run, stage, canvas),
            *_share(run, stage, _NARROW_BAR, canvas),
            _median(run, stage, canvas),
            milliseconds_interval(figures.ci95_ms),
            str(figures.n),
        ]
        for stage, figures in _rows(run)
    ]
    canvas.table(heads, rows, right=(1, 3, 4, 5, 6))
    canvas.table(
        ("stage", "p90 ms", "p95 ms", "p99 ms"),
        [[stage, *_percentiles(figures)] for stage, figures in _rows(run)],
        right=(1, 2, 3),
    )


def _rows(run: BenchRun) -> list[tuple[str, StageSummary]]:
    return [(stage, run.stages[stage]) for stage in ordered_stages(run)]


def _mean(run: BenchRun, stage: str, canvas: Canvas) -> Cell:
    return _judged(run, stage, run.stages[stage].mean_ms, canvas)


def _median(run: BenchRun, stage: str, canvas: Canvas) -> Cell:
    return _judged(run, stage, run.stages[stage].p50_ms, canvas)


def _judged(run: BenchRun, stage: str, value_ms: float, canvas: Canvas) -> Cell:
    if run.stages[stage].below_resolution:
        return Cell(BELOW)
    judged = run.plausibility
    if stage == "infer" and judged is not None and judged.verdict == "implausible":
        return canvas.struck(milliseconds(value_ms))
    return Cell(milliseconds(value_ms))


def _share(run: BenchRun, stage: str, width: int, canvas: Canvas) -> tuple[str, str]:
    if stage == TOTAL and run.share:
        return "", f"{sum(shares_in_percent(run.share).values()):.1f}"
    if stage not in run.share:
        return "", ""
    percents = shares_in_percent(run.share)
    return bar(run.share[stage], width, canvas.bar_mark), f"{percents[stage]:.1f}"


def _percentiles(figures: StageSummary) -> tuple[str, str, str]:
    return (
        percentile(figures.p90_ms, figures.p90_needs_n),
        percentile(figures.p95_ms, figures.p95_needs_n),
        percentile(figures.p99_ms, figures.p99_needs_n),
    )
