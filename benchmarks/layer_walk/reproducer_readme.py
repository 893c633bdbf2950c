"""The text beside a saved reproducer: what departs, and what shows it, with ctk and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.layer_walk.saved_folder import MARK
from benchmarks.parity_check.rule import OutputParity
from toolkit.version import __version__

_RUNS = {
    "onnxruntime": """import onnxruntime
session = onnxruntime.InferenceSession({artifact!r}, providers=["CPUExecutionProvider"])
found = dict(zip(list(expected), session.run(list(expected), dict(inputs))))
""",
    "openvino": """import openvino
model = openvino.Core().read_model({artifact!r})
compiled = openvino.compile_model(model, "CPU", {{"INFERENCE_PRECISION_HINT": {precision!r}}})
result = compiled(dict(inputs))
found = {{name: result[name] for name in expected}}
""",
}
"""The same without ctk, for a report to the runtime's authors."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the text tells.

    Attributes:
        layer: The layer that departs.
        layers: Names and types of all layers of the piece.
        backend: What executes it.
        runtime_version: Its version.
        precision_executed: A word of DESIGN §1, or None where the runtime does not tell.
        artifact: Name of the main file.
        outputs: How the outputs compare.
        command: What shows it with ctk.
    """

    layer: str
    layers: Sequence[tuple[str, str]]
    backend: str
    runtime_version: str
    precision_executed: str | None
    artifact: str
    outputs: Sequence[OutputParity]
    command: str


def readme_text(shown: Shown) -> str:
    """The README, as Markdown."""
    listed = "\n".join(f"- `{name}` ({kind})" for name, kind in shown.layers)
    figures = "\n".join(f"- `{row.name}`: {row.reason or 'passes'}" for row in shown.outputs)
    rules = "\n".join(f"    {rule}" for rule in dict.fromkeys(row.rule for row in shown.outputs))
    alone = "alone, " if len(shown.layers) == 1 else ""
    return f"""{MARK}

{shown.backend} {shown.runtime_version}, which executed {shown.precision_executed or "a precision it does not tell"},
departs from the float64 reference in layer `{shown.layer}`, {alone}given the reference's own values below it:

{figures}

The rule is:

{rules}

Layers in `{shown.artifact}`:

{listed}

`inputs.npz` holds what it reads (float32), `expected.npz` what the reference makes of it (float64). With ctk
{__version__}, in this folder, exit status 1 shows it:

    {shown.command}
{_without_ctk(shown)}"""


def _without_ctk(shown: Shown) -> str:
    run = _RUNS.get(shown.backend)
    if run is None:
        return ""
    precision = shown.precision_executed if shown.precision_executed in {"f32", "f16", "bf16"} else "f32"
    text = f"""import numpy
inputs, expected = numpy.load("inputs.npz"), numpy.load("expected.npz")
{run.format(artifact=shown.artifact, precision=precision)}for name in expected:
    print(name, abs(found[name] - expected[name]).max(), "of", abs(expected[name]).max())
"""
    indented = "\n".join(f"    {line}" for line in text.splitlines())
    return f"\nWithout ctk:\n\n{indented}\n"
