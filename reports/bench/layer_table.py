"""Times by layer, from the runtime's own counters."""

from __future__ import annotations

from benchmarks.bench_document import BenchRun
from reports.bench.canvas import Canvas
from reports.bench.figures import bar, milliseconds

_BAR = 20


def show_layers(run: BenchRun, canvas: Canvas) -> None:
    """Prints the layers of a run, the slowest first; nothing for a run that was not profiled."""
    if not run.layers:
        return
    canvas.line(
        "layers, by the counters of the runtime (counting costs time, so they do not add up to infer):"
    )
    slowest = sorted(run.layers, key=lambda layer: -layer.mean_ms)
    rows = [
        [
            ", ".join(layer.caffe_layers) or "-",
            layer.name,
            layer.kind,
            layer.precision or "unknown",
            milliseconds(layer.mean_ms),
            bar(layer.share, _BAR, canvas.bar_mark),
            f"{100 * layer.share:.1f}",
        ]
        for layer in slowest
    ]
    canvas.table(("Caffe layers", "node", "kind", "precision", "mean ms", "share", "%"), rows, right=(4, 6))
    whole = sum(layer.mean_ms for layer in run.layers)
    infer = run.stages.get("infer")
    beside = "" if infer is None else f", beside a median of infer of {milliseconds(infer.p50_ms)} ms"
    canvas.line(f"sum over layers {milliseconds(whole)} ms{beside}")
