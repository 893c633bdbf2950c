"""Walking artifacts, each backend in a process of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from ir_samples import ir_of
from layer_faults import GoldenNet, changed, golden_net, set_attributes, set_weight
from numpy.typing import NDArray

from benchmarks.layer_walk import artifact_walk
from benchmarks.layer_walk.artifact_walk import walk_artifacts
from benchmarks.layer_walk.candidate import Candidate
from benchmarks.parity_check.rule import Tolerance
from converters.caffe.reference import iterate_reference
from toolkit.backends.opening import open_backend


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> GoldenNet:
    return golden_net("real_color_mini", tmp_path_factory.mktemp("mini"))


def test_several_candidates_over_several_inputs(
    mini: GoldenNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(artifact_walk, "_MOST_BYTES", 1)  # one input at a time
    faulty = changed(mini.onnx, tmp_path / "faulty.onnx", set_attributes("conv2_2norm", epsilon=1e-2))
    shutil.copy(mini.prototxt, tmp_path / "net.prototxt")
    shutil.copy(mini.caffemodel, tmp_path / "net.caffemodel")
    other = {"data_l": mini.inputs["data_l"][..., ::-1].copy()}
    runs = []

    def reference(number: int) -> Iterator[tuple[str, NDArray[np.float64]]]:
        runs.append(number)
        return iterate_reference(mini.net, (mini.inputs, other)[number])

    found = walk_artifacts(
        mini.net,
        [
            Candidate("onnxruntime", mini.onnx),
            Candidate("openvino", ir_of(faulty, tmp_path / "faulty.xml")),
            Candidate("opencv", tmp_path / "net.prototxt"),
            Candidate("onnxruntime", tmp_path / "nowhere.onnx"),
        ],
        [mini.inputs, other],
        threads=1,
        reference=reference,
    )
    clean, wrong, caffe, failed = found
    assert runs == [0, 1]  # once for all of them
    assert [one.first_divergent_layer for one in found] == [None, "conv2_2norm", None, None]
    assert [one.first_amplifying_layer for one in found] == [None, "conv2_2norm", None, None]
    assert len(clean.layers) == len(wrong.layers) == len(caffe.layers) == 31
    assert {row.status for row in (*clean.layers, *caffe.layers)} == {"pass"}
    assert clean.precision_executed == wrong.precision_executed == "f32"
    assert "every value is asked for" in clean.notes[0]
    assert failed.error is not None
    assert failed.error.code == "CTK501"
    assert failed.layers == []


def test_the_copy_is_held_against_the_artifact_itself(mini: GoldenNet):
    with open_backend("onnxruntime", mini.onnx, 1) as session:
        own = session.run(mini.inputs)
    (same,) = walk_artifacts(
        mini.net, [Candidate("onnxruntime", mini.onnx, plain=[own])], [mini.inputs], threads=1
    )
    assert same.output_change["class8_ab"] <= 1e-6
    assert not same.optimisation_matters
    (alone,) = walk_artifacts(
        mini.net, [Candidate("onnxruntime", mini.onnx, plain=[])], [mini.inputs], threads=1, thorough=False
    )
    assert alone.output_change == {}
    assert alone.layers == same.layers
    off = {"class8_ab": own["class8_ab"] + np.float32(0.125)}
    (other,) = walk_artifacts(
        mini.net, [Candidate("onnxruntime", mini.onnx, plain=[off])], [mini.inputs], threads=1
    )
    assert other.output_change["class8_ab"] == pytest.approx(0.125, abs=1e-6)
    assert other.optimisation_matters
    assert "optimisation is what departs" in other.notes[1]
    assert other.first_divergent_layer is None


def test_weights_stored_coarser_are_judged_by_that(mini: GoldenNet, tmp_path: Path):
    def halved(model: onnx.ModelProto) -> None:
        for tensor in list(model.graph.initializer):
            set_weight(tensor.name, lambda w: w.astype(np.float16).astype(np.float32))(model)

    half = changed(mini.onnx, tmp_path / "half.onnx", halved)
    as_f32, as_f16 = walk_artifacts(
        mini.net,
        [Candidate("onnxruntime", half), Candidate("onnxruntime", half, stored="f16")],
        [mini.inputs],
        threads=1,
    )
    assert as_f32.first_divergent_layer == "bw_conv1_1"
    assert as_f16.first_divergent_layer is None
    assert as_f16.first_amplifying_layer is None


def test_another_networks_artifact_says_so(mini: GoldenNet, tmp_path: Path):
    stranger = golden_net("pool_round_floor", tmp_path)
    (found,) = walk_artifacts(mini.net, [Candidate("onnxruntime", stranger.onnx)], [mini.inputs], threads=1)
    assert found.error is not None
    assert found.error.code == "CTK604"
    assert "names none of the network's blobs" in found.error.what


def test_stated_bounds_are_those_that_count(mini: GoldenNet):
    (found,) = walk_artifacts(
        mini.net,
        [Candidate("onnxruntime", mini.onnx, tolerance=Tolerance(rtol=0, atol=0))],
        [mini.inputs],
        threads=1,
    )
    assert found.first_divergent_layer == "bw_conv1_1"
    assert found.first_amplifying_layer is None  # rounding explains it


def test_i8_is_left_to_the_eye(mini: GoldenNet):
    (found,) = walk_artifacts(
        mini.net, [Candidate("onnxruntime", mini.onnx, stored="i8")], [mini.inputs], threads=1
    )
    assert found.error is not None
    assert found.error.code == "CTK604"
