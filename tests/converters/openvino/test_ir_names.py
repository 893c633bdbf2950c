"""Every layer of the main network is found in the IR by its name, with Caffe's numbers, and nothing is fused."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino
import pytest
from caffe_samples import TWO_LAYERS, caffemodel, input_layer, layer, two_layer_weights, write_files
from ir_running import constants, operations, read_ir, run_ir
from onnx_samples import run_onnx

from converters.caffe_to_openvino import CaffeToOpenvino
from converters.onnx_to_openvino import OnnxToOpenvino
from converters.options import ConvertOptions
from converters.request import ConversionRequest
from toolkit.artifact import Artifact
from toolkit.ir_files import check_pair

# How OpenVINO calls what a Caffe layer type ends with.
ENDS = {
    "Convolution": {"Add", "Convolution"}, "ReLU": {"Relu"}, "BatchNorm": {"BatchNormInference"},
    "Deconvolution": {"Add", "ConvolutionBackpropData"}, "Scale": {"Multiply"}, "Softmax": {"Softmax"},
}  # fmt: skip


@pytest.fixture(scope="module")
def main_ir(main_onnx: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    target = tmp_path_factory.mktemp("ir") / "main.xml"
    return OnnxToOpenvino().convert(ConversionRequest((main_onnx,), output=target))


def test_every_layer_by_name_and_none_fused(main_ir: Artifact, main_onnx: Path):
    model = read_ir(main_ir.path)
    found = operations(model)
    ledger = main_ir.document.ledger
    assert (ledger.layers_total, ledger.layers_folded) == (57, 0)
    computing = [entry for entry in ledger.layers if entry.type in ENDS]
    assert len(computing) == 55
    for entry in computing:
        assert found[entry.layer] in ENDS[entry.type], entry.layer
    assert "ShapeOf" not in found.values()
    blobs = {name for op in model.get_ops() for out in op.outputs() for name in out.get_names()}
    graph = onnx.load(main_onnx).graph
    assert {output for node in graph.node for output in node.output} <= blobs
    assert len({op.get_friendly_name() for op in model.get_ops()}) == len(model.get_ops())


def test_every_number_is_where_it_was(main_ir: Artifact, main_onnx: Path):
    held = constants(read_ir(main_ir.path))
    initializers = onnx.load(main_onnx).graph.initializer
    assert len(initializers) == 77
    for item in initializers:
        stored = onnx.numpy_helper.to_array(item)
        np.testing.assert_array_equal(held[item.name].reshape(stored.shape), stored, err_msg=item.name)
    ledger = main_ir.document.ledger
    assert ledger.elements_total == ledger.elements_converted + ledger.elements_folded == 32_236_333
    assert ledger.elements_folded == 7  # Caffe's seven scale factors of BatchNorm, as on the way to ONNX


def test_main_network_computes_the_same(main_ir: Artifact, main_onnx: Path):
    rng = np.random.default_rng(1)
    l_nchw = np.repeat(np.repeat(rng.uniform(-50, 50, (1, 1, 28, 28)), 8, 2), 8, 3).astype(np.float32)
    expected = run_onnx(main_onnx, {"data_l": l_nchw})["class8_ab"]
    found = run_ir(main_ir.path, {"data_l": l_nchw})["class8_ab"]
    assert found.shape == (1, 2, 56, 56)
    # OpenVINO sums convolutions in another order; reading the ONNX file itself it gives these very numbers.
    assert np.abs(found - expected).max() <= 3e-5 * np.abs(expected).max()


def converted(folder: Path, prototxt: str, blobs: Any, name: str = "net", **options: Any) -> Artifact:
    files = tuple(file for file in write_files(folder, prototxt, caffemodel(blobs)) if file is not None)
    return CaffeToOpenvino().convert(
        ConversionRequest(files, output=folder / f"{name}.xml", options=ConvertOptions(**options))
    )


def test_same_input_gives_the_same_bytes(tmp_path: Path):
    net = TWO_LAYERS + layer("fc", "InnerProduct", "conv", "fc", "inner_product_param { num_output: 3 }")
    net += layer("clip", "Clip", "fc", "clip", "clip_param { min: -1 max: 1 }")
    blobs = [
        ("conv", "Convolution", two_layer_weights()),
        ("fc", "InnerProduct", [np.ones((3, 60)), np.ones(3)]),
    ]
    first = converted(tmp_path, net, blobs, "a", batch="dynamic")
    again = converted(tmp_path, net, blobs, "b", batch="dynamic")
    program = (
        "import sys; from pathlib import Path; from converters.caffe_to_openvino import CaffeToOpenvino;"
        "from converters.request import ConversionRequest; from converters.options import ConvertOptions;"
        "n = Path(sys.argv[1]); CaffeToOpenvino().convert(ConversionRequest((n / 'net.prototxt',"
        "n / 'net.caffemodel'), output=n / 'c.xml', options=ConvertOptions(batch='dynamic')))"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True)
    for other in (again.path, tmp_path / "c.xml"):
        assert other.read_bytes() == first.path.read_bytes()
        assert other.with_suffix(".bin").read_bytes() == first.path.with_suffix(".bin").read_bytes()
    check_pair(first.path)


def test_layer_called_as_its_input(tmp_path: Path):
    net = input_layer(1, 2, name="x") + layer("x", "TanH", "x", "y")
    made = converted(tmp_path, net, [])
    found = operations(read_ir(made.path))
    assert found["x"] == "Tanh"
    given = np.array([[0.5, -2]], np.float32)
    np.testing.assert_allclose(run_ir(made.path, {"x": given})["y"], np.tanh(given), rtol=1e-5)


def test_shared_numbers_and_helpers_have_names_of_their_own(tmp_path: Path):
    shared = 'param { name: "w" } param { name: "b" } convolution_param { num_output: 2 kernel_size: 1 }'
    net = input_layer(1, 2, 3, 3) + layer("one", "Convolution", "data", "one", shared)
    net += layer("two", "Convolution", "one", "two", shared)
    weights = [np.arange(4).reshape(2, 2, 1, 1), np.array([1, 2])]
    made = converted(tmp_path, net, [("one", "Convolution", weights)])
    model = read_ir(made.path)
    names = [op.get_friendly_name() for op in model.get_ops()]
    assert len(names) == len(set(names))
    assert not any(re.fullmatch(r"[A-Z]\w*_\d+", name) for name in names), names
    assert {"one", "two", "one.weight", "one.bias"} <= set(names)


def test_openvino_itself_fuses_what_we_keep(main_onnx: Path):
    # The reason for folding with one pass alone; when this fails, docs/adr/0007 may be looked at again.
    ops = operations(openvino.convert_model(str(main_onnx)))
    assert "BatchNormInference" not in ops.values()
