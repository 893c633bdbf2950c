"""Runs the demo from beginning to end and returns its document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.api import bench
from benchmarks.parity_api import parity
from converters.api import convert
from reports.demo.colouring import colour_pictures
from reports.demo.document import DemoArtifact, DemoDocument
from reports.demo.verdict import is_interrupted
from toolkit.artifact import Artifact
from toolkit.atomic import write_failures_named
from toolkit.backends.listing import backends

BACKEND = "onnxruntime"
REFERENCE = "caffe-reference"
PRESET = "exact"


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """What a demo run does.

    Attributes:
        model: Model card.
        folder: Where everything is written.
        threads: Threads of every backend; physical cores when None.
    """

    model: str
    folder: Path
    threads: int | None = None


def run_demo(settings: DemoSettings, progress: Callable[[str], None]) -> DemoDocument:
    """Converts, colours, checks and measures.

    Args:
        settings: What to do.
        progress: Told what happens next.

    Raises:
        CtkError: Whatever a step raises.
        KeyboardInterrupt: After Ctrl-C while something is converted or coloured; later it is in the document.
    """
    folder = settings.folder
    progress(f"converting {settings.model}: caffe->onnx")
    onnx = convert(model=settings.model, output=_made(folder / "onnx"))
    progress(f"converting {settings.model}: onnx->openvino")
    ir = convert(onnx.path, to="openvino", output=_made(folder / "openvino"))
    progress("colouring the built-in pictures")
    coloured = colour_pictures(onnx.path, BACKEND, PRESET, settings.threads, _made(folder / "pictures"))
    files = _files({"onnx": onnx.path, "openvino": ir.path})
    checked = parity(
        artifacts=files, preset=PRESET, threads=settings.threads, pictures_in=folder, progress=progress
    )
    measured = None
    if not is_interrupted(checked):
        measured = bench(
            artifacts=files,
            preset=PRESET,
            threads=settings.threads,
            quick=True,
            save_in=folder,
            progress=lambda now: progress(now.doing),
        )
    return DemoDocument(
        model=onnx.document.model,
        weights=onnx.document.weights,
        artifacts=[_described(onnx), _described(ir)],
        coloured=coloured,
        parity=checked,
        bench=measured,
    )


def _files(by_format: Mapping[str, Path]) -> dict[str, Path]:
    """For each installed backend the file that it loads."""
    found = {}
    for backend in backends():
        format_ = next((name for name in backend.formats if name in by_format), None)
        if backend.installed and backend.name != REFERENCE and format_ is not None:
            found[backend.name] = by_format[format_]
    return found


def _described(artifact: Artifact) -> DemoArtifact:
    document = artifact.document
    assert document.seconds is not None
    return DemoArtifact(
        format=document.format,
        path=str(artifact.path),
        sha256=document.outputs[0].sha256,
        size_bytes=sum(output.size_bytes for output in document.outputs),
        convert_s=document.seconds,
        layers=document.ledger.layers_total,
        parameters=document.ledger.elements_total,
    )


def _made(folder: Path) -> Path:
    with write_failures_named(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder
