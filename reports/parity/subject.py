"""What was checked, against what, by which rule and with which inputs."""

from __future__ import annotations

from benchmarks.parity_document import ParityDocument, ParityInput
from reports.bench.canvas import Canvas
from reports.bench.figures import counted
from reports.parity.figures import NOTHING

_KINDS = {
    "caffe-reference": "caffe-reference, Caffe's meaning in float64",
    "golden": "stored outputs of the original Caffe",
    "backend": "another backend, which may share a fault with those that are checked",
}


def show_subject(document: ParityDocument, canvas: Canvas) -> None:
    """Prints model, weights, reference, rule, preset, machine and inputs."""
    model, machine = document.model, document.machine
    canvas.line(f"{model.name}, weights: {model.weights} ({document.origin})", "bold")
    if model.weights == "synthetic":
        canvas.line("weights are synthetic: numbers agree or differ all the same, colours mean nothing")
    canvas.line(f"reference: {_reference(document)}")
    canvas.line(f"rule: {document.rule}")
    preset = "" if document.preset is None else f"preset {document.preset}; "
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items() if version)
    canvas.line(
        f"{preset}{machine.cpu or 'an unknown processor'}, {machine.kernel}, Python {machine.python}; {versions}; "
        f"ctk {document.ctk}"
    )
    _show_inputs(document, canvas)


def _reference(document: ParityDocument) -> str:
    reference = document.reference
    what = _KINDS[reference.kind]
    name = "" if reference.kind == "caffe-reference" else f"{reference.name}, "
    sha256 = "" if reference.sha256 is None else f", sha256 {reference.sha256[:12]}"
    return f"{name}{what}{sha256}{', outputs from the cache' if reference.cached else ''}"


def _show_inputs(document: ParityDocument, canvas: Canvas) -> None:
    usable = [_input(one) for one in document.inputs if one.usable]
    canvas.line(f"{counted(len(usable), 'input')}: {', '.join(usable) or NOTHING}")
    for one in document.inputs:
        if not one.usable:
            canvas.line(f"skipped: {one.name}: {one.reason or 'no reason is known'}", "yellow")


def _input(one: ParityInput) -> str:
    return one.name if one.width is None or one.height is None else f"{one.name} {one.width}×{one.height}"
