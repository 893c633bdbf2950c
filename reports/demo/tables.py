"""The demo's document as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from benchmarks.harness.stage_timing import STAGES, TOTAL
from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.parity_check.rule import OutputParity
from reports.demo.document import DemoDocument
from toolkit.commands.table import print_table


def show(document: DemoDocument, stream: TextIO) -> None:
    """Prints the whole document as tables on ``stream``."""
    artifact, parity, timing = document.artifact, document.parity, document.timing
    stream.write(
        f"{document.model.name}, weights: {document.model.weights}\n"
        f"{artifact.path}: {artifact.size_bytes:,} bytes, {artifact.layers} layers, "
        f"{artifact.parameters:,} parameters, converted in {artifact.convert_s:.2f} s\n"
        f"{document.openvino.path}: {document.openvino.size_bytes:,} bytes, "
        f"converted in {document.openvino.convert_s:.2f} s\n\n"
        f"Parity of {parity.backend} ({parity.precision_executed or 'precision unknown'}) "
        f"with {parity.reference} (f64), preset {timing.preset}\n"
    )
    print_table(
        ("picture", "size", "output", "max |d|", "RMSE", "smallest rtol", "ΔE2000 mean", "max", "verdict"),
        _parity_rows(document),
        right=(3, 4, 5, 6, 7),
    )
    if parity.pictures:
        stream.write(f"rule: {parity.pictures[0].outputs[0].rule}\n")
    _show_backends(document, stream)
    stream.write(
        f"\nLatency of {timing.backend} {timing.runtime_version}, {timing.precision_executed or 'precision unknown'}, "
        f"{timing.threads} threads on {document.machine.cpu or 'an unknown CPU'} ({timing.origin})\n"
    )
    print_table(
        ("stage", "mean ms", "p50 ms", "p90 ms", "share", "n"), _stage_rows(document), right=(1, 2, 3, 4, 5)
    )
    stream.write(
        "stages: decode = file to RGB, pre = RGB to network input, infer = the network, "
        "post = output to RGB, encode = RGB to PNG; means add up, medians do not\n"
        f"load {timing.load_ms:.0f} ms, first inference {timing.first_infer_ms:.0f} ms, "
        f"warm-up {timing.report.warmup_n} pictures\n"
    )
    if document.model.weights == "synthetic":
        stream.write("weights are synthetic: latency does not depend on them, colours mean nothing\n")
    stream.write(f"\nverdict: {document.verdict}\n")


def _show_backends(document: DemoDocument, stream: TextIO) -> None:
    stream.write(f"\nEvery backend against {document.parity.reference} (f64), one picture\n")
    header = ("backend", "version", "asked", "executed", "output", "max |d|", "smallest rtol", "verdict")
    rows = [
        (
            row.backend,
            row.runtime_version,
            row.precision_requested,
            row.precision_executed or "unknown",
            output.name,
            _scientific(output.max_abs),
            _scientific(output.smallest_passing_rtol),
            output.status if row.decides else f"{output.status} (informative)",
        )
        for row in document.backends
        for output in row.outputs
    ]
    print_table(header, rows, right=(5, 6))


def _parity_rows(document: DemoDocument) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        _row(picture.picture, f"{picture.width}x{picture.height}", output, picture.delta_e2000, output.status)
        for picture in document.parity.pictures
        for output in picture.outputs
    ]
    for control, picture in zip(document.parity.controls, document.parity.pictures, strict=False):
        seen = "seen, as it must be" if control.seen else "NOT SEEN"
        name = f"{picture.picture}: {control.fault}"
        rows += [_row(name, "", output, control.delta_e2000, seen) for output in control.outputs]
    return rows


def _row(name: str, size: str, output: OutputParity, difference: DeltaE2000, verdict: str) -> Sequence[str]:
    return (
        name,
        size,
        output.name,
        _scientific(output.max_abs),
        _scientific(output.rmse),
        _scientific(output.smallest_passing_rtol),
        f"{difference.mean:.4f}",
        f"{difference.max:.4f}",
        verdict,
    )


def _scientific(value: float | None) -> str:
    return "-" if value is None else f"{value:.1e}"


def _stage_rows(document: DemoDocument) -> list[Sequence[str]]:
    report = document.timing.report
    rows: list[Sequence[str]] = []
    for stage in (*STAGES, TOTAL):
        figures = report.stages[stage]
        p90 = f"{figures.p90_ms:.2f}" if figures.p90_ms is not None else f"needs n={figures.p90_needs_n}"
        share = f"{100 * report.share[stage]:.1f} %" if stage in report.share else ""
        rows.append((stage, f"{figures.mean_ms:.2f}", f"{figures.p50_ms:.2f}", p90, share, str(figures.n)))
    return rows
