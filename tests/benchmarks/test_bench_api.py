"""`benchmarks.bench` from end to end, with scripted backends and with small networks in real ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from plugin_samples import on_path
from scripted_backend import register, scripted_arm, small_picture

import benchmarks
from benchmarks import api
from benchmarks.bench_document import BenchDocument, BenchRun, Plausibility
from toolkit.errors import BadInput, EnvironmentFailed, UsageFault


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    register(tmp_path, monkeypatch)
    small_picture(tmp_path / "p.png")
    return tmp_path


def saved_network(path: Path) -> Path:
    weights = numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "w")
    body = helper.make_graph(
        [helper.make_node("Conv", ["l", "w"], ["ab"], pads=[1, 1, 1, 1])],
        "net",
        [helper.make_tensor_value_info("l", TensorProto.FLOAT, [1, 1, 16, 16])],
        [helper.make_tensor_value_info("ab", TensorProto.FLOAT, [1, 2, 16, 16])],
        [weights],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def test_an_injected_slowdown_comes_out_in_the_ratio(folder: Path):
    arms = [scripted_arm("old", folder, ms=10), scripted_arm("new", folder, ms=13)]
    document = benchmarks.bench(
        arms=arms, images=[folder / "p.png"], launches=3, rounds=2, iterations=5, save_in=folder, seed=4,
        plausibility=lambda _: None,
    )  # fmt: skip
    infer = next(one for one in document.comparisons if one.stage == "infer")
    assert (infer.a, infer.b) == ("old", "new")
    low, high = infer.ci95
    assert low < infer.ratio < high
    # The interval misses the truth in one of twenty runs, and a loaded host wakes sleepers late.
    assert low * 0.95 < 1.3 < high * 1.05
    assert document.control is not None
    assert document.control.arm == "old"
    assert document.control.ci95[0] * 0.95 < 1 < document.control.ci95[1] * 1.05
    assert [run.status for run in document.runs] == ["ok", "ok"]
    assert document.runs[0].stages["infer"].min_ms >= 10
    assert document.runs[1].stages["infer"].min_ms >= 13
    for run in document.runs:
        means = {stage: summary.mean_ms for stage, summary in run.stages.items()}
        assert sum(ms for stage, ms in means.items() if stage != "total") == pytest.approx(means["total"])
        for launch in run.launches:
            assert (folder / "blobs" / launch.samples).is_file()
    assert BenchDocument.model_validate_json(document.to_json()) == document
    assert len(document.order) >= 6


def test_the_processor_is_probed_before_anything_is_measured(folder: Path, monkeypatch: pytest.MonkeyPatch):
    happened: list[object] = []

    class TellsTheOrder:
        def __init__(self, on_step: Any) -> None:
            self.on_step = on_step

        def prepare(self, threads: Iterable[int]) -> None:
            happened.append(sorted(threads))
            self.on_step(0, 2, "conv")

        def __call__(self, run: BenchRun) -> Plausibility:
            happened.append(run.arm)
            return Plausibility(floor_ms=1.5, verdict="implausible", arithmetic="too fast")

    monkeypatch.setattr(api, "Guard", TellsTheOrder)
    said: list[str] = []
    document = benchmarks.bench(
        arms=[scripted_arm("a", folder)],
        images=[folder / "p.png"],
        launches=1,
        rounds=1,
        iterations=3,
        progress=lambda progress: said.append(progress.doing),
    )
    assert happened == [[1], "a"]
    assert said[0] == "probing the processor, 1 of 2: conv"
    assert document.runs[0].plausibility.floor_ms == 1.5
    assert (document.verdict, document.reasons[0]) == ("inconclusive", "a: implausible: too fast")


def test_a_quick_run_does_not_probe(folder: Path):
    document = benchmarks.bench(arms=[scripted_arm("a", folder)], images=[folder / "p.png"], quick=True)
    assert document.runs[0].plausibility.verdict == "unknown"
    assert (document.verdict, len(document.runs[0].launches)) == ("inconclusive", 1)


def test_real_runtimes_and_a_file_that_does_not_fit(tmp_path: Path, capfd: pytest.CaptureFixture):
    network = saved_network(tmp_path / "net.onnx")
    small_picture(tmp_path / "p.png")
    (tmp_path / "bad.xml").write_text("<net>")
    document = benchmarks.bench(
        network,
        backends=["onnxruntime", "openvino"],
        artifacts={"openvino": tmp_path / "bad.xml"},
        images=[tmp_path],  # the network and the IR in it are no pictures
        quick=True,
        threads=1,
    )
    ort, openvino = document.runs
    assert (ort.status, ort.precision_executed, ort.threads) == ("ok", "f32", 1)
    assert ort.effective_settings["session.intra_op.allow_spinning"] == "0"
    assert ort.peak_rss_bytes > 20_000_000
    assert (openvino.status, openvino.stages) == ("failed", {})
    assert openvino.failure_code in {"CTK520", "CTK502", "CTK501"}
    assert document.verdict == "fail"
    assert [picture.usable for picture in document.settings.pictures] == [False, False, True]
    assert (document.model.name, document.model.weights) == ("net", "own")
    assert document.control is None
    assert capfd.readouterr().out == ""


def test_without_backends_all_that_load_the_file_run(folder: Path, monkeypatch: pytest.MonkeyPatch):
    on_path(folder, monkeypatch)
    from benchmarks.harness.arms_of import Wanted, names_of

    wanted = Wanted(saved_network(folder / "real.onnx"), (), {}, "exact", "f32", 1)
    names = names_of(wanted)
    assert {"onnxruntime", "openvino", "scripted"} <= set(names)
    assert "caffe-reference" not in names
    named = Wanted(None, (), {"opencv": folder / "real.onnx"}, "exact", "f32", 1)
    assert names_of(named) == ["opencv"]


def test_arguments_that_mean_nothing(folder: Path):
    with pytest.raises(UsageFault, match="CTK603 unknown preset"):
        benchmarks.bench(preset="exakt")
    with pytest.raises(UsageFault, match="CTK603 unknown environment problem"):
        benchmarks.bench(allow_env=["stil"])
    with pytest.raises(UsageFault, match="CTK603 unknown backend"):
        benchmarks.bench(folder / "net.onnx", backends=["onnxrumtime"], images=[folder / "p.png"])
    with pytest.raises(UsageFault, match="CTK603"):
        benchmarks.bench("colorization-v3", backends=["onnxruntime"], images=[folder / "p.png"])
    with pytest.raises(EnvironmentFailed, match="CTK407"):
        benchmarks.bench(threads=100_000)
    with pytest.raises(BadInput, match="CTK518"):
        benchmarks.bench(images=[folder / "net.onnx"])
    with pytest.raises(UsageFault, match="CTK601"):
        benchmarks.bench(launches=0)


def test_a_missing_file_is_a_failed_run(folder: Path):
    document = benchmarks.bench(
        folder / "gone.onnx", backends=["onnxruntime"], images=[folder / "p.png"], quick=True
    )
    assert (document.runs[0].status, document.runs[0].failure_code) == ("failed", "CTK501")
    assert document.runs[0].artifact is None


def test_a_model_that_cannot_be_made_for_a_backend_leaves_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    on_path(folder, monkeypatch)
    monkeypatch.setenv("CTK_HOME", str(folder / "home"))
    (folder / "home").write_text("no folder")  # so that nothing can be made
    document = benchmarks.bench(
        "colorization-v2-norebal",
        backends=["onnxruntime", "scripted"],
        artifacts={"scripted": folder / "net.onnx"},
        images=[folder / "p.png"],
        quick=True,
    )
    assert [(run.arm, run.status) for run in document.runs] == [("onnxruntime", "failed"), ("scripted", "ok")]
    assert document.runs[0].failure_code in {"CTK401", "CTK409"}
    assert document.reference_split.arm == "scripted"


@pytest.mark.slow
def test_the_main_model_on_demand(main_home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CTK_HOME", str(main_home))
    document = benchmarks.bench(backends=["onnxruntime", "openvino"], launches=2, rounds=1, iterations=3)
    assert [run.status for run in document.runs] == ["ok", "ok"]
    assert document.model.name == "colorization-v2-norebal"
    assert document.model.weights == "synthetic"
    assert document.runs[1].artifact.path.endswith(".xml")
