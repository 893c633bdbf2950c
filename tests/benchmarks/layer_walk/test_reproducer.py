"""Saved pieces of a network that show a divergence."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import onnx
import pytest
from ir_samples import ir_of
from layer_faults import GoldenNet, changed, golden_net, set_attributes
from onnx_samples import run_onnx

from benchmarks.layer_walk.candidate import Candidate
from benchmarks.layer_walk.reproducer import Reproducer, save_reproducer
from benchmarks.layer_walk.show import main as show
from benchmarks.parity_check.rule import Tolerance
from converters.caffe.reference import run_reference
from toolkit.errors import BadInput, EnvironmentFailed

DILATION = set_attributes("conv5_1", dilations=[1, 1], pads=[1, 1, 1, 1])


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> GoldenNet:
    return golden_net("real_color_mini", tmp_path_factory.mktemp("mini"))


def saved(mini: GoldenNet, candidate: Candidate, layer: str, folder: Path) -> Reproducer:
    found = save_reproducer(folder, mini.net, candidate, layer, mini.inputs, threads=1)
    assert found is not None
    return found


def without_ctk(found: Reproducer) -> float:
    """Runs the README's lines for people without ctk, and returns the share that they print."""
    text = (found.folder / "README.md").read_text().partition("Without ctk:")[2]
    code = textwrap.dedent(text).strip()
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=found.folder, capture_output=True, text=True, check=True
    )
    error, scale = re.fullmatch(r"\S+ (\S+) of (\S+)", ran.stdout.strip()).groups()
    return float(error) / float(scale)


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_the_layer_alone_where_that_departs(backend: str, mini: GoldenNet, tmp_path: Path):
    artifact = changed(mini.onnx, tmp_path / "faulty.onnx", DILATION)
    if backend == "openvino":
        artifact = ir_of(artifact, tmp_path / "faulty.xml")
    found = saved(mini, Candidate(backend, artifact), "conv5_1", tmp_path / "saved")
    assert found.layers == ("conv5_1",)
    assert found.outputs[0].status == "fail"
    names = {path.name for path in found.folder.iterdir()}
    assert {"inputs.npz", "expected.npz", "README.md", found.artifact.name} <= names
    exact = run_reference(mini.net, mini.inputs, ["conv4_2norm", "conv5_1@conv5_1"])
    with np.load(found.folder / "inputs.npz", allow_pickle=False) as inputs:
        np.testing.assert_allclose(inputs["conv4_2norm"], exact["conv4_2norm"], rtol=1e-6)
    with np.load(found.folder / "expected.npz", allow_pickle=False) as expected:
        np.testing.assert_allclose(
            expected["conv5_1@conv5_1"], exact["conv5_1@conv5_1"], rtol=1e-4, atol=1e-5
        )
    assert without_ctk(found) == pytest.approx(found.outputs[0].max_rel, rel=1e-3)


def test_the_command_tells_a_wrong_piece_from_a_right_one(
    mini: GoldenNet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    artifact = changed(mini.onnx, tmp_path / "faulty.onnx", DILATION)
    found = saved(mini, Candidate("onnxruntime", artifact), "conv5_1", tmp_path / "saved")
    assert found.command in (found.folder / "README.md").read_text()
    words = shlex.split(found.command)[3:]
    words[0] = str(found.folder)
    assert show(words) == 1
    assert capsys.readouterr().err.startswith("error: CTK101 1 of 1 outputs differ")
    changed(found.artifact, found.artifact, set_attributes("conv5_1", dilations=[2, 2], pads=[2, 2, 2, 2]))
    assert show(words) == 0
    assert "conv5_1@conv5_1: passes" in capsys.readouterr().out
    (found.folder / "expected.npz").write_bytes(b"damaged")
    assert show(words) == 5
    with pytest.raises(SystemExit) as usage:
        show([str(found.folder), "--backend", "onnxruntime"])
    assert usage.value.code == 64


def test_the_piece_of_an_onnx_file_is_its_own_nodes_and_numbers(mini: GoldenNet, tmp_path: Path):
    artifact = changed(mini.onnx, tmp_path / "faulty.onnx", DILATION)
    found = saved(mini, Candidate("onnxruntime", artifact), "conv5_1", tmp_path / "saved")
    onnx.checker.check_model(str(found.artifact), full_check=True)
    piece, whole = onnx.load(found.artifact).graph, onnx.load(artifact).graph
    assert [node.name for node in piece.node] == ["conv5_1"]
    assert piece.node[0] == next(node for node in whole.node if node.name == "conv5_1")
    assert {tensor.name for tensor in piece.initializer} == {"conv5_1.weight", "conv5_1.bias"}
    inputs = dict(np.load(found.folder / "inputs.npz", allow_pickle=False))
    assert run_onnx(found.artifact, inputs)["conv5_1@conv5_1"].shape == (1, 12, 4, 4)


def test_errors_that_only_add_up_need_more_layers(mini: GoldenNet, tmp_path: Path):
    """A bound between what one layer errs by and what all err by together."""
    with_all = np.abs(
        run_onnx(mini.onnx, mini.inputs)["class8_ab"] - run_reference(mini.net, mini.inputs)["class8_ab"]
    ).max()
    strict = Tolerance(rtol=0.0, atol=float(with_all) * 0.5)
    found = save_reproducer(
        tmp_path, mini.net, Candidate("onnxruntime", mini.onnx, tolerance=strict), "class8_ab", mini.inputs,
        threads=1,
    )  # fmt: skip
    assert found is not None
    assert len(found.layers) > 1
    assert found.layers[-1] == "class8_ab"
    names = [layer.name for layer in mini.net.layers if layer.tops and layer.type != "Input"]
    assert list(found.layers) == names[-len(found.layers) :]


def test_where_nothing_departs_nothing_is_saved(mini: GoldenNet, tmp_path: Path):
    candidate = Candidate("onnxruntime", mini.onnx)
    assert save_reproducer(tmp_path / "saved", mini.net, candidate, "conv5_1", mini.inputs, threads=1) is None
    assert not (tmp_path / "saved").exists()


def test_an_earlier_one_is_replaced_and_a_strangers_folder_is_not(mini: GoldenNet, tmp_path: Path):
    artifact = changed(mini.onnx, tmp_path / "faulty.onnx", DILATION)
    candidate = Candidate("onnxruntime", artifact)
    first = saved(mini, candidate, "conv5_1", tmp_path / "saved")
    (first.folder / "inputs.npz").write_bytes(b"old")
    again = saved(mini, candidate, "conv5_1", tmp_path / "saved")
    assert again.folder == first.folder
    assert (again.folder / "inputs.npz").read_bytes() != b"old"
    assert [path.name for path in (tmp_path / "saved").iterdir()] == [again.folder.name]
    (again.folder / "README.md").write_text("my notes")
    with pytest.raises(EnvironmentFailed) as caught:
        save_reproducer(tmp_path / "saved", mini.net, candidate, "conv5_1", mini.inputs, threads=1)
    assert caught.value.code == "CTK406"
    assert (again.folder / "README.md").read_text() == "my notes"


def test_a_layer_that_is_not_there(mini: GoldenNet, tmp_path: Path):
    with pytest.raises(BadInput) as caught:
        save_reproducer(
            tmp_path, mini.net, Candidate("onnxruntime", mini.onnx), "conv5_11", mini.inputs, threads=1
        )
    assert caught.value.code == "CTK516"
    assert any("conv5_1" in note for note in caught.value.notes)
