"""Blobs that an artifact does not hold as its source has them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from ir_samples import ir_of
from layer_faults import Change, GoldenNet, changed, golden_net, node_of, nothing, set_attributes, set_weight

from benchmarks.layer_walk.weights import compare_weights, compare_with_source
from converters.caffe.build import NetOptions, load_sources, read_net
from converters.caffe_to_onnx import CaffeToOnnx
from converters.options import ConvertOptions
from converters.request import ConversionRequest


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> GoldenNet:
    return golden_net("real_color_mini", tmp_path_factory.mktemp("mini"))


def drop_scale(model: onnx.ModelProto) -> None:
    node_of(model, "class8_313_rh").input[0] = "conv8_313"
    model.graph.node.remove(node_of(model, "conv8_313_rh"))
    scale = next(t for t in model.graph.initializer if t.name == "conv8_313_rh.scale")
    model.graph.initializer.remove(scale)


WRONG: dict[str, tuple[Change, str, str, str]] = {
    "kernel transposed": (
        set_weight("conv1_2.weight", lambda w: w.transpose(1, 0, 2, 3)), "conv1_2", "conv1_2.weight", "transposed",
    ),
    "kernel flipped": (
        set_weight("conv8_1.weight", lambda w: w[..., ::-1, ::-1]), "conv8_1", "conv8_1.weight", "flipped",
    ),
    "scale folded": (
        set_weight("conv8_313.weight", lambda w: w * np.float32(2.606)), "conv8_313", "conv8_313.weight", "scaled",
    ),
    "bias rolled": (set_weight("conv3_1.bias", lambda b: np.roll(b, 1)), "conv3_1", "conv3_1.bias", "permuted"),
    "filler in place of numbers": (
        set_weight("conv4_1.weight", np.zeros_like), "conv4_1", "conv4_1.weight", "different",
    ),
    "scale dropped": (drop_scale, "conv8_313_rh", "conv8_313_rh.scale", "missing"),
}  # fmt: skip


@pytest.mark.parametrize("format_", ["onnx", "openvino"])
@pytest.mark.parametrize("fault", WRONG)
def test_the_blob_is_named_with_what_happened_to_it(
    fault: str, format_: str, mini: GoldenNet, tmp_path: Path
):
    change, layer, name, kind = WRONG[fault]
    artifact = changed(mini.onnx, tmp_path / "faulty.onnx", change)
    if format_ == "openvino":
        artifact = ir_of(artifact, tmp_path / "faulty.xml")
    (found,) = compare_weights(mini.prototxt, mini.caffemodel, artifact, mini.net)
    assert (found.layer, found.name, found.kind) == (layer, name, kind)


@pytest.mark.parametrize("f16", [False, True])
def test_nothing_is_found_in_a_clean_artifact(f16: bool, mini: GoldenNet, tmp_path: Path):
    for artifact in (mini.onnx, ir_of(mini.onnx, tmp_path / "net.xml", f16=f16)):
        found = compare_with_source(mini.prototxt, mini.caffemodel, artifact, mini.net)
        assert (found.weights, found.graph, found.layers) == ([], [], [])


def test_differences_of_the_graph_are_told_in_words(mini: GoldenNet, tmp_path: Path):
    def change(model: onnx.ModelProto) -> None:
        set_attributes("conv2_2norm", epsilon=1e-2)(model)
        set_attributes("conv5_1", dilations=[1, 1])(model)

    faulty = changed(mini.onnx, tmp_path / "faulty.onnx", change)
    found = compare_with_source(mini.prototxt, mini.caffemodel, faulty, mini.net)
    assert found.weights == []
    assert found.layers == ["conv2_2norm", "conv5_1"]
    assert any("epsilon" in line and "0.0099" in line for line in found.graph)
    assert any("dilations is [2, 2] in the source, [1, 1] in the artifact" in line for line in found.graph)


def test_a_network_that_ends_earlier_lacks_nothing(mini: GoldenNet, tmp_path: Path):
    options = ConvertOptions(cut=("class8_313_rh",))
    made = CaffeToOnnx().convert(
        ConversionRequest((mini.prototxt, mini.caffemodel), output=tmp_path / "cut.onnx", options=options)
    )
    cut = read_net(mini.prototxt, load_sources(mini.caffemodel), NetOptions(cut=("class8_313_rh",)))
    assert compare_weights(mini.prototxt, mini.caffemodel, made.path, cut) == []
    whole = compare_weights(mini.prototxt, mini.caffemodel, made.path, mini.net)
    assert {(row.name, row.kind) for row in whole} == {
        ("class8_ab.bias", "missing"),
        ("class8_ab.weight", "missing"),
    }


def test_a_comma_in_a_path(mini: GoldenNet, tmp_path: Path):
    folder = tmp_path / "a, b"
    folder.mkdir()
    prototxt, caffemodel = folder / "net.prototxt", folder / "net.caffemodel"
    shutil.copy(mini.prototxt, prototxt)
    shutil.copy(mini.caffemodel, caffemodel)
    faulty = changed(mini.onnx, folder / "x.onnx", set_weight("conv3_1.bias", lambda b: b + np.float32(1)))
    (found,) = compare_weights(prototxt, caffemodel, faulty)
    assert (found.layer, found.name, found.max_abs) == ("conv3_1", "conv3_1.bias", pytest.approx(1, rel=1e-6))


def test_the_source_is_the_same_with_no_change_at_all(mini: GoldenNet, tmp_path: Path):
    again = changed(mini.onnx, tmp_path / "again.onnx", nothing)
    assert compare_weights(mini.prototxt, mini.caffemodel, again) == []
