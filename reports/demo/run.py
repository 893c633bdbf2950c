"""Runs the demo from beginning to end and returns its document."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.picture_pipeline import picture_pipeline
from benchmarks.harness.stage_timing import summarise, time_stages
from benchmarks.machine import describe_machine
from converters.api import convert
from converters.caffe.network import Net
from converters.caffe.reference import run_reference
from converters.caffe_files import from_card
from converters.caffe_to_onnx import read_network
from converters.options import ConvertOptions
from reports.demo.backends import check_backends, deciding_failures
from reports.demo.document import DemoArtifact, DemoBackend, DemoDocument, DemoModel, DemoTiming
from reports.demo.parity import check_parity
from reports.demo.samples import Sample, samples
from toolkit.artifact import Artifact
from toolkit.atomic import write_failures_named
from toolkit.backends.opening import open_backend
from toolkit.backends.protocol import Session
from toolkit.messages import collected_warnings
from toolkit.presets.preset import Preset
from toolkit.presets.registry import preset_named

BACKEND = "onnxruntime"
PRESET = "exact"
WARMUP = 3


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """What a demo run does.

    Attributes:
        model: Model card.
        folder: Where everything is written.
        iterations: Timed pictures.
        threads: Threads of the backend; physical cores when None.
    """

    model: str
    folder: Path
    iterations: int
    threads: int | None = None


def run_demo(settings: DemoSettings, progress: Callable[[str], None]) -> DemoDocument:
    """Converts, checks and measures.

    Args:
        settings: What to do.
        progress: Told what happens next.

    Raises:
        CtkError: Whatever a step raises.
    """
    options = ConvertOptions()
    progress(f"converting {settings.model}: caffe->onnx")
    artifact = convert(model=settings.model, output=_made(settings.folder / "onnx"), options=options)
    progress(f"loading {artifact.path} into {BACKEND}")
    started = time.perf_counter_ns()
    with open_backend(BACKEND, artifact.path, settings.threads) as session:
        load_ms = (time.perf_counter_ns() - started) / 1e6
        pictures = samples()
        preset = preset_named(PRESET)
        timing = _time(session, preset, pictures, settings.iterations, load_ms, progress)
        with collected_warnings():  # said already by the conversion
            net = read_network(from_card(settings.model, options), options)
        parity = check_parity(session, net, preset, pictures, settings.folder / "pictures", progress)
    progress(f"converting {settings.model}: onnx->openvino")
    ir = convert(artifact.path, to="openvino", output=_made(settings.folder / "openvino"))
    rows = _all_backends(settings, {"onnx": artifact.path, "openvino": ir.path}, net, preset, progress)
    return DemoDocument(
        machine=describe_machine(),
        model=DemoModel(name=artifact.document.model, weights=artifact.document.weights),
        artifact=_described(artifact),
        openvino=_described(ir),
        parity=parity,
        backends=rows,
        timing=timing,
        verdict="fail" if parity.verdict == "pass" and deciding_failures(rows) else parity.verdict,
    )


def _all_backends(
    settings: DemoSettings,
    artifacts: Mapping[str, Path],
    net: Net,
    preset: Preset,
    progress: Callable[[str], None],
) -> list[DemoBackend]:
    """Every backend on the first picture; in one process, so no time is taken here."""
    picture = samples()[0]
    inputs = {net.inputs[0]: preset.pre(preset.decode(picture.data, picture.name)).input}
    return check_backends(artifacts, inputs, run_reference(net, inputs), settings.threads, progress)


def _time(
    session: Session,
    preset: Preset,
    pictures: list[Sample],
    iterations: int,
    load_ms: float,
    progress: Callable[[str], None],
) -> DemoTiming:
    info = session.info()
    pipeline = picture_pipeline(session, preset)
    prepared = pipeline.pre(pipeline.decode(pictures[0].data))
    started = time.perf_counter_ns()
    pipeline.infer(prepared)
    first_ms = (time.perf_counter_ns() - started) / 1e6
    progress(f"timing {iterations} pictures after {WARMUP} for warming up")
    samples_taken = time_stages(pipeline, [s.data for s in pictures], iterations=iterations, warmup=WARMUP)
    return DemoTiming(
        backend=info.name,
        runtime_version=info.runtime_version,
        providers=list(info.providers),
        precision_executed=info.precision_executed,
        threads=info.threads,
        preset=PRESET,
        pictures=[sample.name for sample in pictures],
        load_ms=load_ms,
        first_infer_ms=first_ms,
        report=summarise(samples_taken),
    )


def _described(artifact: Artifact) -> DemoArtifact:
    document = artifact.document
    assert document.seconds is not None
    return DemoArtifact(
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
