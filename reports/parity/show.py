"""The whole document of `ctk parity` as text."""

from __future__ import annotations

from typing import TextIO

from benchmarks.parity_document import ParityDocument
from reports.bench.canvas import Canvas
from reports.parity.blame_table import show_blame
from reports.parity.control_table import show_controls
from reports.parity.layer_tables import show_layers, show_weights
from reports.parity.output_tables import show_outputs
from reports.parity.quality_table import show_quality
from reports.parity.subject import show_subject
from reports.parity.verdict_lines import show_verdict


def show(document: ParityDocument, stream: TextIO, width: int | None = None) -> None:
    """Prints the document.

    Args:
        document: What was compared.
        stream: Where to; tables fit a terminal's width, and rows elsewhere are single lines.
        width: Columns to fit into instead.
    """
    canvas = Canvas(stream, width)
    show_subject(document, canvas)
    show_outputs(document, canvas)
    show_quality(document, canvas)
    show_layers(document, canvas)
    show_weights(document, canvas)
    show_blame(document, canvas)
    show_controls(document, canvas)
    canvas.line()
    for text in document.notes:
        canvas.line(f"note: {text}")
    show_verdict(document, canvas)
