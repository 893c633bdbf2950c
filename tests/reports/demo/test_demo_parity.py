"""The demo's check on the small replica of the colorization network, with faults that it must find."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.harness.picture_pipeline import picture_pipeline
from benchmarks.harness.stage_timing import summarise, time_stages
from benchmarks.machine import describe_machine
from benchmarks.parity_check.rule import Tolerance
from converters import convert
from converters.caffe.build import NetOptions, read_net
from converters.caffe.caffemodel import read_caffemodel
from converters.caffe.network import Net
from converters.caffe.parameters import Sources
from converters.caffe.reference import run_reference
from reports.demo.backends import check_backends, deciding_failures
from reports.demo.document import (
    DemoArtifact,
    DemoBackend,
    DemoDocument,
    DemoModel,
    DemoParity,
    DemoTiming,
)
from reports.demo.parity import Judge, check_parity, without_temperature
from reports.demo.samples import NAMES, samples
from reports.demo.tables import show
from toolkit.backends.listing import backends
from toolkit.backends.opening import open_backend
from toolkit.messages import collected_warnings
from toolkit.presets.registry import preset_named

CASE = Path(__file__).parents[2] / "golden" / "cases" / "real_color_mini"
PRESET = preset_named("exact", net_size=(32, 32))


@pytest.fixture(scope="module")
def net() -> Net:
    with collected_warnings():
        return read_net(
            CASE / "deploy.prototxt",
            Sources(caffemodel=read_caffemodel(CASE / "weights.caffemodel")),
            NetOptions(cut=["class8_ab"]),
        )


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with collected_warnings():
        return convert(
            [CASE / "deploy.prototxt", CASE / "weights.caffemodel"],
            output=tmp_path_factory.mktemp("onnx") / "mini.onnx",
        ).path


def _check(net: Net, artifact: Path, folder: Path | None = None) -> DemoParity:
    with open_backend("onnxruntime", artifact, 1) as session:
        return check_parity(session, net, PRESET, samples()[:1], folder, lambda _text: None)


def test_a_clean_conversion_passes_and_the_dropped_temperature_is_seen(
    net: Net, artifact: Path, tmp_path: Path
) -> None:
    parity = _check(net, artifact, tmp_path)
    assert parity.verdict == "pass"
    assert [control.seen for control in parity.controls] == [True]
    assert parity.controls[0].outputs[0].max_abs > 100 * parity.pictures[0].outputs[0].max_abs
    assert (tmp_path / "astronaut.png").read_bytes().startswith(b"\x89PNG")


def test_a_wrong_weight_fails(net: Net, artifact: Path) -> None:
    layers = list(net.layers)
    index = next(i for i, layer in enumerate(layers) if layer.type == "Deconvolution")
    blob = layers[index].blobs[0]
    flipped = replace(blob, values=np.ascontiguousarray(blob.values[:, :, ::-1, :]))
    layers[index] = replace(layers[index], blobs=(flipped, *layers[index].blobs[1:]))
    assert _check(replace(net, layers=tuple(layers)), artifact).verdict == "fail"


def test_a_rule_that_sees_nothing_is_inconclusive(
    net: Net, artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "reports.demo.parity.default_tolerance", lambda _precision: Tolerance(rtol=1e9, atol=1e9)
    )
    assert _check(net, artifact).verdict == "inconclusive"


def test_the_control_starts_at_the_logits_and_equals_a_whole_faulty_run(net: Net, artifact: Path) -> None:
    """The shortcut of evaluating only the tail must not change the control."""
    faulty = without_temperature(net)
    assert faulty is not None
    with open_backend("onnxruntime", artifact, 1) as session:
        judge = Judge(session, net, PRESET, Tolerance(rtol=1e-4, atol=1e-5))
        _, control = judge.picture(samples()[0], None)
    from toolkit.pictures import decode

    prepared = PRESET.pre(decode(samples()[0].data, "astronaut"))
    whole = run_reference(faulty, {"data_l": prepared.input})["class8_ab"]
    clean = run_reference(net, {"data_l": prepared.input})["class8_ab"]
    assert control is not None
    assert control.outputs[0].max_abs == pytest.approx(float(np.abs(whole - clean).max()), rel=1e-12)


def _every_backend(net: Net, artifacts: dict[str, Path]) -> list[DemoBackend]:
    picture = samples()[0]
    inputs = {"data_l": PRESET.pre(PRESET.decode(picture.data, picture.name)).input}
    return check_backends(artifacts, inputs, run_reference(net, inputs), 1, lambda _text: None)


def test_every_installed_backend_has_a_deciding_row_that_passes(net: Net, artifact: Path) -> None:
    rows = _every_backend(net, {"onnx": artifact})
    installed = {row.name for row in backends() if row.installed and "onnx" in row.formats}
    assert {row.backend for row in rows if row.decides} == installed
    assert {"onnxruntime", "openvino", "opencv"} <= installed
    assert deciding_failures(rows) == []
    assert all(row.precision_executed == "f32" for row in rows if row.decides)


def test_a_backend_that_differs_is_named(net: Net, artifact: Path) -> None:
    layers = list(net.layers)
    index = next(i for i, layer in enumerate(layers) if layer.type == "Deconvolution")
    blob = layers[index].blobs[0]
    layers[index] = replace(
        layers[index], blobs=(replace(blob, values=blob.values * 2), *layers[index].blobs[1:])
    )
    rows = _every_backend(replace(net, layers=tuple(layers)), {"onnx": artifact})
    assert "onnxruntime" in deciding_failures(rows)


def test_the_table_shows_every_figure(net: Net, artifact: Path) -> None:
    with open_backend("onnxruntime", artifact, 1) as session:
        taken = time_stages(
            picture_pipeline(session, PRESET), [s.data for s in samples()], iterations=2, warmup=1
        )
        info = session.info()
    made = DemoArtifact(
        path="x.onnx", sha256="0" * 64, size_bytes=1234, convert_s=0.5, layers=3, parameters=99
    )
    document = DemoDocument(
        machine=describe_machine(),
        model=DemoModel(name="mini", weights="synthetic"),
        artifact=made,
        openvino=made.model_copy(update={"path": "x.xml"}),
        parity=_check(net, artifact),
        backends=_every_backend(net, {"onnx": artifact}),
        timing=DemoTiming(
            backend=info.name,
            runtime_version=info.runtime_version,
            providers=list(info.providers),
            precision_executed=info.precision_executed,
            threads=info.threads,
            preset="exact",
            pictures=list(NAMES),
            load_ms=1,
            first_infer_ms=2,
            report=summarise(taken),
        ),
        verdict="pass",
    )
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        show(document, out)
    text = out.getvalue()
    for word in (
        "decode",
        "pre",
        "infer",
        "post",
        "encode",
        "total",
        "needs n=64",
        "synthetic",
        "verdict: pass",
        "pass (informative)",
        "f32",
    ):
        assert word in text
    assert DemoDocument.model_validate_json(document.to_json()) == document
