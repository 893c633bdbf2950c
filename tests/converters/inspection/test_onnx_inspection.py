"""ONNX files: our own against the Caffe side, which counts by other code, and foreign ones made here."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from converters.api import convert
from converters.inspection.inspecting import inspect_files
from converters.inspection.onnx_reading import read_onnx
from converters.options import ConvertOptions
from toolkit.errors import BadInput, CtkError

WEIGHT = np.arange(3 * 2 * 3 * 3, dtype=np.float32).reshape(3, 2, 3, 3)


def model(
    nodes: Sequence[onnx.NodeProto],
    constants: dict[str, np.ndarray[Any, Any]],
    shape: Sequence[int | str | None] | None = (1, 2, 9, 9),
    *,
    opset: int = 13,
    output: str = "y",
    ir_version: int = 8,
    domains: Sequence[str] = (),
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir_version)


def convolution(**attributes: Any) -> onnx.ModelProto:
    return model([helper.make_node("Conv", ["x", "w"], ["y"], **attributes)], {"w": WEIGHT})


def saved(proto: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.mark.parametrize("opset", [11, 13])
def test_our_own_file_tells_what_the_caffe_files_tell(little: tuple[Path, Path], tmp_path: Path, opset: int):
    artifact = convert(little, output=tmp_path / "little.onnx", options=ConvertOptions(opset=opset))
    caffe, found = inspect_files(little), inspect_files([artifact.path])
    assert found.compute == caffe.compute
    assert found.inputs == caffe.inputs
    assert found.outputs == caffe.outputs
    assert found.parameters == caffe.parameters.model_copy(update={"constants": 2 * 6})
    assert found.weights == "own"
    assert found.onnx is not None
    assert (found.onnx.opset, found.onnx.producer) == (opset, "ctk")
    assert found.provenance is not None
    assert [source.kind for source in found.provenance.sources] == ["prototxt", "caffemodel", "coefficients"]
    assert found.provenance.ledger.layers_total == 9
    assert found.provenance.sidecar == "matches"
    assert found.remarks == []
    same = {layer.name: (layer.parameters, layer.receptive_field_px) for layer in found.layers}
    for layer in caffe.layers:
        if layer.type in {"Convolution", "Deconvolution", "ReLU", "Scale"}:
            assert same[layer.name] == (layer.parameters, layer.receptive_field_px)


def test_a_dynamic_batch_is_counted_for_one(little: tuple[Path, Path], tmp_path: Path):
    artifact = convert(little, output=tmp_path / "a.onnx", options=ConvertOptions(batch="dynamic"))
    found, fixed = inspect_files([artifact.path]), inspect_files(little)
    assert found.inputs[0].dims == ["batch", 2, 16, 12]
    assert found.compute is not None
    assert fixed.compute is not None
    assert (found.compute.macs, found.compute.with_sizes) == (fixed.compute.macs, {"batch": 1})


def test_dynamic_sizes_leave_the_sum_open_and_the_field_known(little: tuple[Path, Path], tmp_path: Path):
    options = ConvertOptions(input_shape={"data": (1, 2, -1, -1)})
    found = inspect_files([convert(little, output=tmp_path / "a.onnx", options=options).path])
    assert found.compute is not None
    assert (found.compute.macs, found.compute.gmac) == (None, None)
    assert found.outputs[0].receptive_field_px == [7, 7]
    assert any("sizes of 3 nodes are open" in remark for remark in found.remarks)


def test_a_changed_file_is_noted_and_still_told(little: tuple[Path, Path], tmp_path: Path):
    path = convert(little, output=tmp_path / "little.onnx").path
    proto = onnx.load(path)
    proto.doc_string = "changed"
    path.write_bytes(proto.SerializeToString())
    found = inspect_files([path])
    assert found.provenance is not None
    assert found.provenance.sidecar == "differs"
    assert any("another sha256" in remark for remark in found.remarks)
    assert found.parameters == inspect_files(little).parameters.model_copy(update={"constants": 12})


def test_a_rewritten_graph_is_counted_without_its_ledger(little: tuple[Path, Path], tmp_path: Path):
    path = convert(little, output=tmp_path / "little.onnx").path
    proto = onnx.load(path)
    next(item for item in proto.graph.initializer if item.name == "norm.mean").name = "renamed"
    next(node for node in proto.graph.node if node.name == "norm").input[3] = "renamed"
    path.write_bytes(proto.SerializeToString())
    found = inspect_files([path])
    assert any("changed after the conversion" in remark for remark in found.remarks)
    assert found.parameters.total == sum(numpy_helper.to_array(t).size for t in proto.graph.initializer)
    assert found.parameters.told_apart == []


def test_provenance_that_cannot_be_read_is_ignored(tmp_path: Path):
    proto = convolution()
    helper.set_model_props(proto, {"ctk.ledger": "[[[", "ctk.weights": "released"})
    found = inspect_files([saved(proto, tmp_path)])
    assert found.weights == "own"
    assert found.provenance is None
    assert any("cannot be read" in remark for remark in found.remarks)


def test_a_foreign_convolution(tmp_path: Path):
    found = inspect_files([saved(convolution(strides=[2, 1], pads=[1, 1, 1, 1]), tmp_path)])
    assert found.outputs[0].dims == [1, 3, 5, 9]
    assert found.compute is not None
    assert found.compute.macs == 5 * 9 * 3 * 2 * 9
    assert (found.outputs[0].receptive_field_px, found.outputs[0].output_stride) == ([3, 3], [2, 1])
    assert (found.parameters.count, found.parameters.constants) == (WEIGHT.size, 0)
    assert found.weights == "own"
    assert any("no provenance" in remark for remark in found.remarks)


def test_transposed_convolution_and_products(tmp_path: Path):
    nodes = [
        helper.make_node("ConvTranspose", ["x", "up"], ["u"], strides=[2, 2]),
        helper.make_node("Flatten", ["u"], ["f"]),
        helper.make_node("Gemm", ["f", "g"], ["h"], transB=1),
        helper.make_node("MatMul", ["h", "m"], ["y"]),
    ]
    constants = {
        "up": np.ones((2, 5, 2, 2), np.float32),
        "g": np.ones((7, 5 * 8 * 8), np.float32),
        "m": np.ones((7, 3), np.float32),
    }
    found = inspect_files([saved(model(nodes, constants, (1, 2, 4, 4)), tmp_path)])
    assert [layer.macs for layer in found.layers] == [2 * 16 * 5 * 4, 0, 7 * 320, 3 * 7]
    assert [layer.parameters for layer in found.layers] == [40, 0, 2240, 21]
    assert found.layers[0].receptive_field_px == [1, 1]
    assert found.outputs[0].receptive_field_px == []


def test_gemm_of_a_transposed_first_operand(tmp_path: Path):
    node = helper.make_node("Gemm", ["x", "g"], ["y"], transA=1)
    found = inspect_files([saved(model([node], {"g": np.ones((6, 5), np.float32)}, (6, 4)), tmp_path)])
    assert found.compute is not None
    assert found.compute.macs == 4 * 5 * 6


def test_opset_9_with_initializers_among_the_inputs(tmp_path: Path):
    proto = model([helper.make_node("Conv", ["x", "w"], ["y"])], {"w": WEIGHT}, opset=9, ir_version=3)
    proto.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, WEIGHT.shape))
    found = inspect_files([saved(proto, tmp_path)])
    assert [tensor.name for tensor in found.inputs] == ["x"]
    assert found.onnx is not None
    assert (found.onnx.opset, found.onnx.ir_version) == (9, 3)
    assert found.parameters.count == WEIGHT.size


def test_constant_nodes_and_shapes_of_integers(tmp_path: Path):
    nodes = [
        helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(WEIGHT)),
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("Reshape", ["c", "shape"], ["y"]),
    ]
    found = inspect_files([saved(model(nodes, {"shape": np.array([1, -1], np.int64)}), tmp_path)])
    assert (found.parameters.count, found.parameters.constants) == (WEIGHT.size, 2)
    assert found.outputs[0].dims == [1, 3 * 7 * 7]
    assert found.compute is not None
    assert found.compute.macs == 49 * WEIGHT.size


@pytest.mark.parametrize("shape", [None, (None, 2, None, 9), ("n", 2, "h", "w")])
def test_open_sizes(tmp_path: Path, shape: Sequence[int | str | None] | None):
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Relu", ["c"], ["y"])]
    found = inspect_files([saved(model(nodes, {"w": WEIGHT}, shape), tmp_path)])
    assert found.compute is not None
    assert found.compute.macs is None
    assert found.parameters.count == WEIGHT.size


def test_a_first_axis_without_a_name_is_the_batch(tmp_path: Path):
    proto = model([helper.make_node("Conv", ["x", "w"], ["y"])], {"w": WEIGHT}, (None, 2, 9, 9))
    found = inspect_files([saved(proto, tmp_path)])
    assert found.compute is not None
    assert (found.compute.macs, found.compute.with_sizes) == (49 * WEIGHT.size, {"batch": 1})


def test_operators_of_others_are_named_and_open(tmp_path: Path):
    nodes = [
        helper.make_node("Blur", ["x"], ["b"], domain="com.example"),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    found = inspect_files([saved(model(nodes, {}, domains=["com.example"]), tmp_path)])
    assert found.layer_types == {"com.example:Blur": 1, "Relu": 1}
    assert found.onnx is not None
    assert found.onnx.other_opsets == {"com.example": 1}
    assert found.outputs[0].receptive_field_px in ([], [None, None])


def test_a_softmax_over_the_picture_sees_an_unknown_extent(tmp_path: Path):
    wide = inspect_files([saved(model([helper.make_node("Softmax", ["x"], ["y"], axis=2)], {}), tmp_path)])
    assert wide.outputs[0].receptive_field_px == [None, 1]
    old = inspect_files(
        [saved(model([helper.make_node("Softmax", ["x"], ["y"], axis=2)], {}, opset=11), tmp_path)]
    )
    assert old.outputs[0].receptive_field_px == [None, None]


def external(folder: Path) -> Path:
    path = folder / "net.onnx"
    onnx.save(convolution(), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    return path


def test_external_data_is_listed_and_missing_data_is_noted(tmp_path: Path):
    path = external(tmp_path)
    found = inspect_files([path])
    assert [(file.kind, Path(file.path).name, file.size_bytes) for file in found.files][1] == (
        "external data",
        "w.bin",
        4 * WEIGHT.size,
    )
    data = (tmp_path / "w.bin").read_bytes()
    (tmp_path / "w.bin").write_bytes(data[:-1])
    assert any("cut short" in remark for remark in inspect_files([path]).remarks)
    (tmp_path / "w.bin").unlink()
    found = inspect_files([path])
    assert found.files[1].sha256 is None
    assert any("missing" in remark for remark in found.remarks)
    assert found.parameters.count == WEIGHT.size
    assert found.compute is not None
    assert found.compute.macs == 49 * WEIGHT.size


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", ""])
def test_external_data_elsewhere_is_not_looked_at(tmp_path: Path, location: str):
    (tmp_path / "secret").write_bytes(b"x")
    folder = tmp_path / "model"
    folder.mkdir()
    path = external(folder)
    proto = onnx.load(path, load_external_data=False)
    next(
        entry for entry in proto.graph.initializer[0].external_data if entry.key == "location"
    ).value = location
    path.write_bytes(proto.SerializeToString())
    found = inspect_files([path])
    assert len(found.files) == 1
    assert any("not in the folder" in remark for remark in found.remarks)


def test_every_truncation_is_told_or_harmless(tmp_path: Path):
    data = convolution().SerializeToString()
    path = tmp_path / "cut.onnx"
    codes = set()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        try:
            inspect_files([path])
            codes.add("fine")  # only the list of operator sets, which stands last, is cut off
        except BadInput as error:
            codes.add(error.code)
    assert codes <= {"CTK502", "CTK509", "CTK517", "fine"}
    assert "CTK517" in codes


def test_flipped_bytes_are_told_or_harmless(tmp_path: Path):
    data = bytearray(convolution().SerializeToString())
    path = tmp_path / "flipped.onnx"
    random = np.random.default_rng(0)
    codes = set()
    for _ in range(300):
        flipped = data.copy()
        flipped[random.integers(len(data))] ^= int(random.integers(1, 256))
        path.write_bytes(flipped)
        try:
            json.loads(inspect_files([path]).to_json())
        except CtkError as error:
            codes.add(error.code)
    assert {"CTK517"} <= codes <= {"CTK501", "CTK502", "CTK503", "CTK509", "CTK517"}


def broken_length(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].dims[0] = 4


def broken_input(proto: onnx.ModelProto) -> None:
    proto.graph.node[0].input[1] = "gone"


def broken_output(proto: onnx.ModelProto) -> None:
    proto.graph.output[0].name = "gone"


def broken_size(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].dims[0] = -3


def broken_text(proto: onnx.ModelProto) -> None:
    proto.graph.name = "marker"
    data = proto.SerializeToString().replace(b"marker", b"mark\xff\xfe")
    proto.Clear()
    proto.MergeFromString(data)


def without_graph(proto: onnx.ModelProto) -> None:
    proto.ClearField("graph")


@pytest.mark.parametrize(
    "breakage", [broken_length, broken_input, broken_output, broken_size, broken_text, without_graph]
)
def test_damage_is_named(tmp_path: Path, breakage: Any):
    proto = convolution()
    breakage(proto)
    with pytest.raises(BadInput, match=r"CTK517 the ONNX file is damaged"):
        inspect_files([saved(proto, tmp_path)])


def test_shapes_that_contradict_each_other_are_a_remark(tmp_path: Path):
    found = inspect_files(
        [saved(model([helper.make_node("Conv", ["x", "w"], ["y"])], {"w": WEIGHT}, (1, 2)), tmp_path)]
    )
    assert any("cannot infer" in remark or "open" in remark for remark in found.remarks)


def test_a_file_beyond_the_limit_of_protobuf_is_not_read(tmp_path: Path):
    path = tmp_path / "sparse.onnx"
    with path.open("wb") as file:
        file.write(b"\x08\x08\x12\x03ctk")
        file.truncate(3 * 2**30)  # takes no space on disk
    tracemalloc.start()
    with pytest.raises(BadInput, match=r"CTK517.*no protobuf message has more than 2147483647"):
        read_onnx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
