"""The whole document of `ctk bench` as text."""

from __future__ import annotations

from typing import TextIO

from benchmarks.bench_document import BenchDocument
from reports.bench.canvas import Canvas
from reports.bench.comparison_tables import show_comparisons
from reports.bench.run_facts import show_run
from reports.bench.split_table import show_split
from reports.bench.surroundings import show_environment, show_subject

_STYLES = {"pass": "bold green", "fail": "bold red", "regression": "bold red"}


def show(document: BenchDocument, stream: TextIO, width: int | None = None) -> None:
    """Prints the document.

    Args:
        document: What was measured.
        stream: Where to; tables fit a terminal's width, and rows elsewhere are single lines.
        width: Columns to fit into instead.
    """
    canvas = Canvas(stream, width)
    show_subject(document, canvas)
    for run in document.runs:
        show_run(run, canvas)
    if any(run.stages for run in document.runs):
        canvas.head("How to read the stages")
        canvas.line(
            "decode = file to RGB, pre = RGB to network input, infer = the network, post = output to RGB, "
            "encode = RGB to file; total is their sum. Means add up, and so do their shares; medians and "
            "percentiles do not. Percentiles are upper bounds at 99 % confidence."
        )
    show_comparisons(document, canvas)
    show_environment(document, canvas)
    show_split(document, canvas)
    for text in document.notes:
        canvas.line(f"note: {text}")
    canvas.head(f"verdict: {document.verdict}")
    for reason in document.reasons:
        canvas.line(f"- {reason}", _STYLES.get(document.verdict, ""))
