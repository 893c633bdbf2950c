"""The faults made on purpose: a check that does not see them says nothing."""

from __future__ import annotations

from benchmarks.parity_document import ParityControl, ParityDocument
from reports.bench.canvas import Canvas, Cell
from reports.parity.figures import NOTHING, plain, scientific


def show_controls(document: ParityDocument, canvas: Canvas) -> None:
    """Prints every control with its figures; each must be seen."""
    if not document.controls:
        canvas.head("Controls: none ran, so nothing shows that this check can see a fault")
        return
    seen = sum(control.seen for control in document.controls)
    canvas.head(
        f"Controls: {seen} of {len(document.controls)} faults made on purpose are seen, as all must be"
    )
    heads = ("fault", "made in", "backend", "max |d|", "smallest rtol", "ΔE2000 mean", "layer named", "")
    canvas.table(heads, [_row(control) for control in document.controls], right=(3, 4, 5))


def _row(control: ParityControl) -> list[str | Cell]:
    return [
        control.fault,
        control.layer or "no single layer",
        control.backend,
        scientific(_largest(control, "max_abs")),
        scientific(_largest(control, "smallest_passing_rtol")),
        NOTHING if control.delta_e2000 is None else plain(control.delta_e2000.mean),
        control.layer_named or NOTHING,
        "seen"
        if control.seen
        else Cell("NOT RUN", "bold red")
        if control.failure
        else Cell("NOT SEEN", "bold red"),
    ]


def _largest(control: ParityControl, figure: str) -> float | None:
    found = [getattr(output, figure) for output in control.outputs]
    return max((value for value in found if value is not None), default=None)
