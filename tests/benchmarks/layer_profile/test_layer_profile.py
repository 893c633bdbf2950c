"""Counters joined to Caffe layers, and the whole way through a child process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from scripted_backend import small_picture

import converters
from benchmarks.bench_document import BenchRun, StageSummary
from benchmarks.harness.arm import Arm
from benchmarks.harness.plan import Plan
from benchmarks.layer_profile.joining import Joined, join_layers
from benchmarks.layer_profile.profiling_run import LayerProfile, profile_layers, with_layers
from toolkit.backends.profiling import CountedLayer
from toolkit.ledger import LayerEntry, LedgerDocument

CASE = Path(__file__).parents[2] / "golden" / "cases" / "real_color_mini"


def entry(layer: str, *nodes: str) -> LayerEntry:
    return LayerEntry(layer=layer, type="T", fate="converted", nodes=list(nodes))


def account(*entries: LayerEntry) -> LedgerDocument:
    counts = {name: 0 for name in LedgerDocument.model_fields if name != "layers"}
    return LedgerDocument(layers=list(entries), **counts)


def counted(name: str, ms: float, *nodes: str) -> CountedLayer:
    return CountedLayer(name, "Convolution", "f32", ms, nodes)


def test_nodes_become_the_layers_that_they_were_made_for():
    ledger = account(
        entry("data", "input:data"),
        entry("a/b", "a/b"),
        entry("lrn", "lrn/square", "lrn"),
        entry("lost", "lost"),
    )
    found = join_layers(
        [counted("k1", 3.0, "a/b", "made up", "lrn/square", "lrn"), counted("reorder", 1.0)], ledger
    )
    assert [layer.caffe_layers for layer in found.layers] == [["a/b", "lrn"], []]
    assert [layer.share for layer in found.layers] == [0.75, 0.25]
    assert found.sum_ms == 4.0
    assert found.uncounted == ("lost",)


def test_without_an_account_nodes_stand_for_layers():
    found = join_layers([counted("k", 0.0, "x", "y")], None)
    assert found.layers[0].caffe_layers == ["x", "y"]
    assert found.layers[0].share == 0.0
    assert found.uncounted == ()


def test_the_sum_stands_beside_the_median_of_infer():
    stage = StageSummary(n=9, mean_ms=5.0, p50_ms=4.0)
    run = BenchRun(arm="a", backend="b", precision_requested="f32", stages={"infer": stage}, status="ok",
                   mode_figures={"kept": 1})  # fmt: skip
    joined = join_layers([counted("k", 3.0, "x")], None)
    found = with_layers(run, LayerProfile(Joined(joined.layers, 3.0, ("gone",)), infer_ms=6.0, iterations=7))
    assert [layer.name for layer in found.layers] == ["k"]
    assert found.mode_figures == {
        "kept": 1,
        "layers_sum_ms": 3.0,
        "layers_iterations": 7,
        "layers_profiled_infer_p50_ms": 6.0,
        "layers_sum_over_profiled_infer": 0.5,
        "layers_sum_over_infer": 0.75,
        "layers_uncounted": "gone",
    }


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profile")
    files = [shutil.copy(CASE / "deploy.prototxt", folder / "net.prototxt")]
    files.append(shutil.copy(CASE / "weights.caffemodel", folder / "net.caffemodel"))
    return converters.convert(files, to="onnx", output=f"{folder}/").path


def test_a_backend_in_its_own_process(artifact: Path, tmp_path: Path):
    picture = small_picture(tmp_path / "p.png")
    arm = Arm("openvino", "openvino", artifact, threads=1, mean="outside")
    found = profile_layers(arm, Plan(), [picture], 4)
    layers = {name for layer in found.joined.layers for name in layer.caffe_layers}
    assert "conv8_313_rh" in layers
    assert "conv8_313" in layers
    assert not any("/" in name for name in layers)
    assert 0 < found.joined.sum_ms <= found.infer_ms * 4 + 0.1
    assert found.iterations == 4
