"""Arms against each other, an arm against itself, and what a gate made of it."""

from __future__ import annotations

from benchmarks.baseline.launch_medians import as_ratio
from benchmarks.bench_document import BenchDocument, Comparison
from benchmarks.stats.paired import still_moving
from reports.bench.canvas import Canvas
from reports.bench.figures import counted, percent, ratio, ratio_interval


def show_comparisons(document: BenchDocument, canvas: Canvas) -> None:
    """Prints the comparisons, the control and the gate."""
    if document.comparisons:
        _show_ratios(document, canvas)
    _show_control(document, canvas)
    _show_gate(document, canvas)


def _show_ratios(document: BenchDocument, canvas: Canvas) -> None:
    canvas.head("Comparisons: time of b over time of a, per picture, paired by rounds")
    heads = ["stage", "a", "b", "b / a", "95 % interval"]
    heads += ["cross-check", "launches × rounds"] if canvas.wide else []
    rows = [_row(one, canvas.wide) for one in document.comparisons]
    canvas.table([*heads, "verdict on b"], rows, right=(3, 4, 5, 6) if canvas.wide else (3, 4))
    for one in document.comparisons:
        if one.executed_precisions is not None:
            canvas.line(
                f"{one.b} / {one.a}, {one.stage}: between different executed precisions, {one.executed_precisions}",
                "yellow",
            )
        if one.verdict == "inconclusive" and one.change is not None and as_ratio(one).moves:
            canvas.line(f"{one.b} / {one.a}, {one.stage}: {still_moving(one.change)}", "yellow")
        if one.launches_needed is not None:
            canvas.line(f"{one.b} / {one.a}, {one.stage}: about {one.launches_needed} launches would decide")
    gating = document.gate is not None
    canvas.line(
        f"margin {percent(document.settings.margin)}; n = launches, which the interval is over"
        + ("" if gating else "; a description, which never sets the exit status")
    )


def _row(one: Comparison, wide: bool) -> list[str]:
    row = [one.stage, one.a, one.b, ratio(one.ratio), ratio_interval(one.ci95)]
    if wide:
        row += [
            ratio_interval(one.cross_check),
            f"{one.n_launches} × {one.n_rounds // max(one.n_launches, 1)}",
        ]
    return [*row, one.verdict]


def _show_control(document: BenchDocument, canvas: Canvas) -> None:
    control = document.control
    if control is None and document.settings.mode != "latency":
        return
    if control is None:
        canvas.head("Control: none ran, so nothing says what this host can tell apart")
        return
    canvas.head(
        f"Control, {control.arm} against itself, {control.stage}: "
        f"ratio {ratio(control.ratio)} {ratio_interval(control.ci95)}, {control.verdict}"
    )
    if control.resolution is None:
        canvas.line(
            "the smallest difference that this host resolves is unknown: that takes more than one launch"
        )
    else:
        canvas.line(f"the smallest difference that this host resolved: {percent(control.resolution)}")


def _show_gate(document: BenchDocument, canvas: Canvas) -> None:
    gate = document.gate
    if gate is None:
        return
    canvas.head(f"Gate (--{gate.kind}): {gate.state}, verdict {gate.verdict}")
    if gate.ratio is not None:
        canvas.line(
            f"{gate.new} over {gate.old}: {ratio(gate.ratio)} {ratio_interval(gate.ci95)}, "
            f"allowed up to {ratio(1 + gate.margin)}; {gate.stage} alone is compared"
        )
    canvas.line(gate.reason)
    if gate.launches_needed is not None:
        canvas.line(f"about {counted(gate.launches_needed, 'launch')} would decide")
