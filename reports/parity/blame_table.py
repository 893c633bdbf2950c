"""Whose fault a difference of the final pictures is."""

from __future__ import annotations

from benchmarks.parity_document import Blame, ParityDocument
from reports.bench.canvas import Canvas
from reports.parity.figures import pair_name, plain


def show_blame(document: ParityDocument, canvas: Canvas) -> None:
    """Prints the share of every part that differs, for each pair that was asked."""
    for pair in document.pairs:
        if pair.blame is not None:
            canvas.head(f"Blame: {pair_name(pair)}")
            _show(pair.blame, canvas)


def _show(blame: Blame, canvas: Canvas) -> None:
    canvas.line(blame.text)
    if not blame.shares:
        return
    rows = [[one.part, f"{100 * one.share:.1f} %", plain(one.delta_e2000_mean_alone)] for one in blame.shares]
    rows.append(["all", "", plain(blame.total_delta_e2000_mean)])
    canvas.table(("part", "share", "ΔE2000 mean when swapped"), rows, right=(1, 2))
    for parts, share in blame.interactions.items():
        canvas.line(f"together: {parts} {100 * share:+.1f} % beyond what each does alone")
