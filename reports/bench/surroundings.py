"""What was measured, on what, and what was found about the host."""

from __future__ import annotations

from benchmarks.bench_document import BenchDocument, BenchSettings
from reports.bench.canvas import Canvas
from reports.bench.figures import counted, percent

_STYLES = {"too_noisy": "red", "problem": "red", "note": ""}
_WORDS = {"too_noisy": "too noisy", "problem": "problem", "note": "note"}


def show_subject(document: BenchDocument, canvas: Canvas) -> None:
    """Prints model, weights, machine, settings and pictures."""
    machine, model = document.machine, document.model
    canvas.line(f"{model.name}, weights: {model.weights} ({document.origin})", "bold")
    if model.weights == "synthetic":
        canvas.line("weights are synthetic: latency does not depend on them, colours mean nothing")
    memory = "memory unknown" if machine.memory_bytes is None else f"{machine.memory_bytes / 1e9:.1f} GB"
    cores = "cores unknown" if machine.cores is None else counted(machine.cores, "physical core")
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items() if version)
    canvas.line(
        f"machine: {machine.cpu or 'an unknown processor'}, {cores}, {machine.usable_cores} usable, {memory}, "
        f"{machine.kernel}, Python {machine.python}; {versions}; ctk {document.ctk}"
    )
    _show_settings(document, canvas)


def _show_settings(document: BenchDocument, canvas: Canvas) -> None:
    asked = document.settings
    fewer = ""
    if asked.iterations != asked.iterations_asked:
        fewer = f" ({asked.iterations_asked} asked; fewer, to end in time)"
    until = f", until the interval is ±{percent(asked.until_ci)}" if asked.until_ci is not None else ""
    canvas.line(
        f"mode {asked.mode}{', quick' if asked.quick else ''}, preset {asked.preset}, {_size(asked)}{fewer}{until}, "
        f"{counted(asked.threads, 'thread')}, margin {percent(asked.margin)}, seed {asked.seed}"
    )
    usable = [
        f"{picture.name} {picture.width}×{picture.height}" for picture in asked.pictures if picture.usable
    ]
    canvas.line(f"pictures: {', '.join(usable) or 'none'}; contents vary from iteration to iteration")
    for picture in asked.pictures:
        if not picture.usable:
            canvas.line(f"skipped: {picture.name}: {picture.reason or 'no reason is known'}", "yellow")


def _size(asked: BenchSettings) -> str:
    """How much was measured, in what the mode counts; throughput goes by the clock."""
    launches = counted(asked.launches, "launch")
    if asked.mode == "latency":
        return f"{launches} × {counted(asked.rounds, 'round')} × {counted(asked.iterations, 'iteration')}"
    return f"{launches} × {counted(asked.iterations, 'arrival')}" if asked.mode == "stream" else launches


def show_environment(document: BenchDocument, canvas: Canvas) -> None:
    """Prints what was found about the host, or that nothing was."""
    findings = document.environment.findings
    if not findings:
        canvas.head("Environment: nothing found that forbids a verdict")
        return
    canvas.head("Environment")
    for finding in findings:
        allowed = (
            ", allowed by --allow-env" if finding.allowed and "--allow-env" not in finding.message else ""
        )
        canvas.line(
            f"{_WORDS[finding.severity]}: {finding.name}: {finding.message}{allowed}",
            _STYLES[finding.severity],
        )
