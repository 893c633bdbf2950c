"""The demo's document as text: what was made, then the tables of `ctk parity` and `ctk bench`."""

from __future__ import annotations

from typing import TextIO

from reports.bench.canvas import Canvas
from reports.bench.run_facts import show_run
from reports.bench.split_table import show_split
from reports.bench.surroundings import show_environment
from reports.demo.document import DemoDocument
from reports.parity.control_table import show_controls
from reports.parity.output_tables import show_outputs
from reports.parity.quality_table import show_quality
from reports.parity.subject import show_subject
from reports.parity.verdict_lines import show_verdict


def show(document: DemoDocument, stream: TextIO, width: int | None = None) -> None:
    """Prints the document; arguments as those of the verbs' own `show`."""
    canvas = Canvas(stream, width)
    for made in document.artifacts:
        canvas.line(
            f"{made.path}: {made.size_bytes:,} bytes, {made.layers} layers, {made.parameters:,} parameters, "
            f"converted in {made.convert_s:.2f} s"
        )
    canvas.head("Does every backend compute what Caffe computed? (ctk parity)")
    show_subject(document.parity, canvas)
    show_outputs(document.parity, canvas)
    show_quality(document.parity, canvas)
    show_controls(document.parity, canvas)
    if document.bench is not None:
        canvas.head("What does a picture cost, stage by stage? (ctk bench --quick: figures, no verdict)")
        for run in document.bench.runs:
            show_run(run, canvas)
        show_environment(document.bench, canvas)
        show_split(document.bench, canvas)
    notes = [*document.parity.notes, *(document.bench.notes if document.bench is not None else [])]
    canvas.line()
    for text in dict.fromkeys(notes):
        canvas.line(f"note: {text}")
    show_verdict(document.parity, canvas)
