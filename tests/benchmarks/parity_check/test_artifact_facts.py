"""What an artifact says about itself; ONNX's and OpenVINO's own writers make the files."""

from __future__ import annotations

from pathlib import Path
from shutil import copy

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import converters
from benchmarks.parity_check.artifact_facts import provenance_of, subtracts_mean
from benchmarks.parity_check.stored_precision import stored_precision
from converters.options import ConvertOptions
from toolkit.artifact import sidecar_of

MINI = Path(__file__).resolve().parents[2] / "golden" / "cases" / "real_color_mini"
FILES = [MINI / "deploy.prototxt", MINI / "weights.caffemodel"]
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inside")
    return converters.convert(FILES, output=folder / "net.onnx", options=ConvertOptions(mean="inside")).path


def graph_with(path: Path, *constants: np.ndarray, unread: np.ndarray | None = None) -> Path:
    """A graph whose Identity nodes read these constants."""
    tensors = [numpy_helper.from_array(array, f"c{i}") for i, array in enumerate(constants)]
    nodes = [helper.make_node("Identity", [tensor.name], [f"y{tensor.name}"]) for tensor in tensors]
    output = helper.make_tensor_value_info("yc0", TensorProto.UNDEFINED, None)
    if unread is not None:
        tensors.append(numpy_helper.from_array(unread, "unread"))
    graph = helper.make_graph(nodes, "g", [], [output], tensors)
    onnx.save(helper.make_model(graph), path)
    return path


@pytest.mark.parametrize(
    ("f32", "f16", "i8", "expected"),
    [(100, 1, 0, "f32"), (10, 90, 0, "f16"), (50, 50, 0, "f32"), (10, 0, 90, "i8"), (30, 35, 35, "f32")],
)
def test_most_of_the_elements_decide(tmp_path: Path, f32: int, f16: int, i8: int, expected: str):
    arrays = [np.ones(f32, np.float32), np.ones(f16, np.float16), np.ones(i8, np.int8)]
    assert stored_precision(graph_with(tmp_path / "a.onnx", *arrays)) == expected


def test_indices_and_what_nobody_reads_are_no_weights(tmp_path: Path):
    path = graph_with(
        tmp_path / "a.onnx", np.ones(3, np.float32), np.ones(99, np.int64), unread=np.ones(99, np.float16)
    )
    assert stored_precision(path) == "f32"


def test_one_small_constant_of_an_ir_in_f16_is_slight_evidence(tmp_path: Path):
    import openvino
    from openvino import opset13 as ops

    data = ops.parameter([1, 64], np.float32)
    weights = ops.matmul(data, ops.constant(np.ones((64, 64), np.float32)), False, False)
    small = ops.convert(ops.constant(np.ones(1, np.float16)), "f32")
    model = openvino.Model([ops.add(weights, small)], [data])
    openvino.save_model(model, tmp_path / "a.xml", compress_to_fp16=False)
    assert stored_precision(tmp_path / "a.xml") == "f32"
    openvino.save_model(model, tmp_path / "b.xml", compress_to_fp16=True)
    assert stored_precision(tmp_path / "b.xml") == "f16"


def test_a_sidecar_does_not_overrule_the_weights(inside: Path, tmp_path: Path):
    artifact = Path(copy(inside, tmp_path / "net.onnx"))
    text = sidecar_of(inside).read_text().replace('"precision": "f32"', '"precision": "f16"')
    sidecar_of(artifact).write_text(text)
    document = provenance_of(artifact)
    assert document is not None
    assert document.precision == "f16"  # it is the file's own, and so believed where nothing contradicts it
    assert stored_precision(artifact) == "f32"


def test_without_a_sidecar_the_artifact_itself_says_where_its_mean_is(inside: Path, tmp_path: Path):
    import openvino

    artifact = Path(copy(inside, tmp_path / "net.onnx"))
    assert not sidecar_of(artifact).exists()
    assert subtracts_mean(artifact)
    ir = converters.convert([inside], to="openvino", output=tmp_path / "ir" / "net.xml").path
    sidecar_of(ir).unlink()
    assert subtracts_mean(ir)
    outside = converters.convert(FILES, output=tmp_path / "outside.onnx").path
    copy(sidecar_of(outside), sidecar_of(artifact))
    assert subtracts_mean(artifact)  # that sidecar speaks of another file
    openvino.save_model(openvino.convert_model(outside), tmp_path / "theirs.xml")
    assert not subtracts_mean(tmp_path / "theirs.xml")
