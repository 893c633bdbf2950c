"""The verdict of a parity document in lines."""

from __future__ import annotations

from benchmarks.parity_document import ParityDocument
from reports.bench.canvas import Canvas

_STYLES = {"pass": "bold green", "fail": "bold red", "incomplete": "bold red", "inconclusive": "bold yellow"}


def show_verdict(document: ParityDocument, canvas: Canvas) -> None:
    """Prints it with its reasons."""
    canvas.line(f"verdict: {document.verdict}", _STYLES[document.verdict])
    for reason in document.reasons:
        canvas.line(f"- {reason}", _STYLES[document.verdict])
