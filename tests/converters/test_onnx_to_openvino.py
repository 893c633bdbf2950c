"""The route `onnx->openvino`: ctk's own ONNX files and foreign ones, and what the options change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from caffe_samples import caffemodel, input_layer, layer, write_files
from ir_running import operations, read_ir, run_ir
from onnx import TensorProto, helper, numpy_helper
from onnx_samples import run_onnx

from converters.caffe_to_onnx import CaffeToOnnx
from converters.onnx_to_openvino import OnnxToOpenvino
from converters.options import ConvertOptions
from converters.request import ConversionRequest
from toolkit.artifact import Artifact, read_sidecar, sidecar_of
from toolkit.errors import CtkError
from toolkit.ir_files import check_pair

X = np.random.default_rng(7).uniform(-3, 3, (2, 4, 6, 6)).astype(np.float32)


def foreign(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    shape: Sequence[int | str] = X.shape,
    opset: int = 13,
    held: Mapping[str, Any] | None = None,
) -> Path:
    """An ONNX file that the onnx package makes, from ``x`` to ``y``, whose shape is left open."""
    graph = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(values), name) for name, values in (held or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, path)
    return path


def converted(path: Path, **options: Any) -> Artifact:
    target = path.with_suffix(".xml")
    return OnnxToOpenvino().convert(
        ConversionRequest((path,), output=target, options=ConvertOptions(**options))
    )


def code_of(path: Path, **options: Any) -> str:
    with pytest.raises(CtkError) as caught:
        converted(path, **options)
    assert "\n" not in caught.value.what
    assert not path.with_suffix(".xml").exists()
    assert not path.with_suffix(".bin").exists()
    return caught.value.code


def own(folder: Path, **options: Any) -> Path:
    """data_l -> conv -> relu -> prob, converted by ctk."""
    net = input_layer(1, 1, 6, 6, name="data_l") + layer(
        "conv", "Convolution", "data_l", "conv", "convolution_param { num_output: 2 kernel_size: 3 pad: 1 }"
    )
    net += layer("relu", "ReLU", "conv", "relu") + layer("prob", "Softmax", "relu", "prob")
    rng = np.random.default_rng(3)
    blobs = [("conv", "Convolution", [rng.normal(size=(2, 1, 3, 3)), rng.normal(size=2)])]
    files = tuple(f for f in write_files(folder, net, caffemodel(blobs)) if f is not None)
    request = ConversionRequest(files, output=folder / "net.onnx", options=ConvertOptions(**options))
    return CaffeToOnnx().convert(request).path


L = np.random.default_rng(5).uniform(0, 100, (1, 1, 6, 6)).astype(np.float32)


def test_own_file_brings_its_provenance_along(tmp_path: Path):
    source = own(tmp_path)
    artifact = converted(source)
    document = artifact.document
    assert (document.model, document.format, document.precision) == ("net", "openvino", "f32")
    assert [s.kind for s in document.sources] == ["onnx", "prototxt", "caffemodel"]
    assert document.sources[0].sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert {"ctk", "onnx", "openvino"} == document.tools.keys()
    assert [(t.name, t.dims, t.dtype) for t in document.inputs] == [("data_l", [1, 1, 6, 6], "float32")]
    assert [(t.name, t.dims) for t in document.graph_outputs] == [("prob", [1, 2, 6, 6])]
    assert document.ledger.layers_converted == document.ledger.layers_total == 4
    assert read_sidecar(artifact.path) == document
    for output in document.outputs:
        data = (artifact.path.parent / output.name).read_bytes()
        assert (output.sha256, output.size_bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert [output.name for output in document.outputs] == ["net.xml", "net.bin"]
    facts = check_pair(artifact.path).facts
    assert {f"ctk.{key}": value for key, value in facts.items()} == document.embedded()
    expected = run_onnx(source, {"data_l": L})["prob"]
    np.testing.assert_allclose(run_ir(artifact.path, {"data_l": L})["prob"], expected, rtol=1e-5, atol=1e-6)


def test_foreign_file_is_accounted_for_by_its_nodes(tmp_path: Path):
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], name="first", kernel_shape=[1, 1]),
        helper.make_node("Identity", ["k"], ["k2"], name="same"),
        helper.make_node("Mul", ["c", "k2"], ["y"]),
        helper.make_node("Relu", ["c"], ["nobody"], name="unread"),
    ]
    w, b = np.ones((3, 4, 1, 1), np.float32), np.arange(3, dtype=np.float32)
    source = foreign(tmp_path / "f.onnx", nodes, held={"w": w, "b": b, "k": np.float32(2)})
    artifact = converted(source)
    ledger = artifact.document.ledger
    assert [(e.layer, e.type, e.fate) for e in ledger.layers] == [
        ("first", "Conv", "converted"), ("same", "Identity", "folded"), ("y", "Mul", "converted"),
        ("unread", "Relu", "dropped"),
    ]  # fmt: skip
    assert all(entry.reason for entry in ledger.layers if entry.fate != "converted")
    assert ledger.elements_total == ledger.elements_converted + ledger.elements_folded == 12 + 3 + 1
    assert artifact.document.weights == "own"
    assert artifact.document.options["opset"] == 13
    found = run_ir(artifact.path, {"x": X})["y"]
    np.testing.assert_allclose(found, 2 * (X.sum(1)[:, None] + b[:, None, None]), rtol=1e-5, atol=1e-5)


def test_half_precision(tmp_path: Path):
    artifact = converted(own(tmp_path), precision="f16")
    full = converted(own(tmp_path / "full"))
    assert artifact.document.precision == artifact.document.options["precision"] == "f16"
    halves = [document.outputs[1].size_bytes for document in (artifact.document, full.document)]
    assert halves[0] < halves[1]
    assert operations(read_ir(artifact.path)).items() >= operations(read_ir(full.path)).items()
    found, expected = (run_ir(a.path, {"data_l": L})["prob"] for a in (artifact, full))
    assert 0 < np.abs(found - expected).max() < 0.2
    assert code_of(own(tmp_path / "i8"), precision="i8") == "CTK604"


def test_mean_inside(tmp_path: Path):
    artifact = converted(own(tmp_path), mean="inside")
    expected = run_onnx(own(tmp_path / "plain"), {"data_l": L - 50})["prob"]
    np.testing.assert_allclose(run_ir(artifact.path, {"data_l": L})["prob"], expected, rtol=1e-5, atol=1e-6)
    assert artifact.document.options["mean"] == "inside"
    assert operations(read_ir(artifact.path))["mean"] == "Subtract"


def test_mean_that_is_inside_already(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source = own(tmp_path, mean="inside")
    artifact = converted(source, mean="inside")
    assert "subtracts the mean already" in capsys.readouterr().err
    expected = run_onnx(source, {"data_l": L})["prob"]
    np.testing.assert_allclose(run_ir(artifact.path, {"data_l": L})["prob"], expected, rtol=1e-5, atol=1e-6)
    assert artifact.document.options["mean"] == "inside"


def test_mean_of_an_unknown_input(tmp_path: Path):
    source = foreign(tmp_path / "f.onnx", [helper.make_node("Relu", ["x"], ["y"])])
    assert code_of(source, mean="inside") == "CTK516"


def test_cut_and_head(tmp_path: Path):
    artifact = converted(own(tmp_path), cut=("conv",))
    assert [t.name for t in artifact.document.graph_outputs] == ["conv"]
    assert list(run_ir(artifact.path, {"data_l": L})) == ["conv"]
    fates = {entry.layer: entry.fate for entry in artifact.document.ledger.layers}
    assert fates["conv"] == "converted"
    assert fates["relu"] == fates["prob"] == "dropped"
    assert code_of(own(tmp_path / "b"), cut=("cnov",)) == "CTK516"
    assert code_of(own(tmp_path / "c"), head="ab") == "CTK516"
    assert code_of(own(tmp_path / "d"), head="rgb") == "CTK604"
    assert code_of(own(tmp_path / "e"), head="ab", cut=("conv",)) == "CTK601"


@pytest.mark.parametrize(
    ("options", "dims", "given"),
    [
        ({"batch": 3}, [3, 1, 6, 6], (3, 1, 6, 6)),
        ({"batch": "dynamic"}, ["?", 1, 6, 6], (2, 1, 6, 6)),
        ({"input_shape": {"data_l": (1, 1, 9, 7)}}, [1, 1, 9, 7], (1, 1, 9, 7)),
        ({"input_shape": {"data_l": (1, 1, -1, -1)}}, [1, 1, "?", "?"], (1, 1, 5, 8)),
    ],
)
def test_other_sizes(tmp_path: Path, options: dict[str, Any], dims: list[Any], given: tuple[int, ...]):
    artifact = converted(own(tmp_path), **options)
    assert artifact.document.inputs[0].dims == dims
    x = np.random.default_rng(1).normal(size=given).astype(np.float32)
    reference = own(tmp_path / "dynamic", input_shape={"data_l": (-1, 1, -1, -1)})
    expected = run_onnx(reference, {"data_l": x})["prob"]
    np.testing.assert_allclose(run_ir(artifact.path, {"data_l": x})["prob"], expected, rtol=1e-5, atol=1e-6)


def test_sizes_that_do_not_fit(tmp_path: Path):
    reshape = [helper.make_node("Reshape", ["x", "s"], ["y"])]
    stuck = foreign(tmp_path / "f.onnx", reshape, held={"s": np.array([2, -1], np.int64)})
    assert code_of(stuck, batch=4) == "CTK508"  # it would become 2 rows of twice the length
    fixed = foreign(tmp_path / "g.onnx", reshape, held={"s": np.array([2, 144], np.int64)})
    assert code_of(fixed, batch=4) == "CTK508"
    assert code_of(own(tmp_path), input_shape={"data_l": (1, 1, 6)}) == "CTK508"
    assert code_of(own(tmp_path), input_shape={"date_l": (1, 1, 6, 6)}) == "CTK516"


@pytest.mark.parametrize(
    "options",
    [
        {"coefficients": Path("c.npy")}, {"attach": {"a": Path("a.npy")}}, {"from_blob": ("a",)},
        {"weights": "synthetic"}, {"allow_filler": True}, {"ignore_unknown_fields": True}, {"opset": 17},
        {"keep_intermediate": True},
    ],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_options_about_caffe(tmp_path: Path, options: dict[str, Any]):
    assert code_of(own(tmp_path), **options) == "CTK604"


@pytest.mark.parametrize("opset", [11, 13, 17, 18])
@pytest.mark.parametrize("bias", [0.5, 1.0, 1.5, 2.0])
def test_lrn_with_any_bias(tmp_path: Path, bias: float, opset: int):
    """OpenVINO's CPU plugin rounds the bias down; alone, this would be wrong by up to 40 %."""
    node = helper.make_node("LRN", ["x"], ["y"], name="lrn", alpha=2.0, beta=0.6, bias=bias, size=3)
    artifact = converted(foreign(tmp_path / "f.onnx", [node], opset=opset))
    squares = np.pad(np.square(X, dtype=np.float64), ((0, 0), (1, 1), (0, 0), (0, 0)))
    windows = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    np.testing.assert_allclose(
        run_ir(artifact.path, {"x": X})["y"], X / (bias + 2 / 3 * windows) ** 0.6, rtol=1e-5
    )
    assert "lrn" in operations(read_ir(artifact.path))


def test_lrn_with_a_negative_bias(tmp_path: Path):
    node = helper.make_node("LRN", ["x"], ["y"], alpha=2.0, beta=0.6, bias=-0.5, size=3)
    assert code_of(foreign(tmp_path / "f.onnx", [node])) == "CTK404"


REDUCTIONS = {
    "ReduceL1": lambda axes, keep: np.abs(X).sum(axes, keepdims=keep),
    "ReduceLogSum": lambda axes, keep: np.log(np.abs(X).sum(axes, keepdims=keep)),
    "ReduceLogSumExp": lambda axes, keep: np.log(np.exp(X.astype(np.float64)).sum(axes, keepdims=keep)),
}


@pytest.mark.parametrize("opset", [11, 13, 17, 18])
@pytest.mark.parametrize(("axes", "keep"), [((2, 3), 0), ((1,), 1), ((-1, 0), 1), (None, 0), (None, 1)])
@pytest.mark.parametrize("kind", REDUCTIONS)
def test_axes_of_a_reduction(tmp_path: Path, kind: str, axes: tuple[int, ...] | None, keep: int, opset: int):
    """openvinotoolkit/openvino#38238: in operator sets 13 to 17 the reader overlooks the axes."""
    stated = {} if axes is None or opset >= 18 else {"axes": list(axes)}
    listed = opset >= 18 and axes is not None
    nodes = [
        helper.make_node("Abs" if kind == "ReduceLogSum" else "Identity", ["x"], ["z"]),
        helper.make_node(
            kind, ["z", "axes"] if listed else ["z"], ["r"], name="sum", keepdims=keep, **stated
        ),
        helper.make_node("Unsqueeze", ["r", "behind"], ["y"])
        if opset >= 13
        else helper.make_node("Unsqueeze", ["r"], ["y"], axes=[0]),
    ]
    held = {"axes": np.array(axes, np.int64)} if listed else {}
    held |= {"behind": np.array([0], np.int64)} if opset >= 13 else {}
    artifact = converted(foreign(tmp_path / "f.onnx", nodes, opset=opset, held=held))
    expected = REDUCTIONS[kind](axes, bool(keep))[None]
    assert artifact.document.graph_outputs[0].dims == list(expected.shape)
    np.testing.assert_allclose(run_ir(artifact.path, {"x": X})["y"], expected, rtol=1e-5)
    assert "sum" in operations(read_ir(artifact.path))


@pytest.mark.parametrize("in_order", [0, 1])
@pytest.mark.parametrize("largest", [0, 1])
def test_of_equal_values_the_first(tmp_path: Path, largest: int, in_order: int):
    node = helper.make_node(
        "TopK", ["x", "k"], ["values", "y"], name="top", axis=1, largest=largest, sorted=in_order
    )
    source = foreign(tmp_path / "f.onnx", [node], (3, 400), held={"k": np.array([5], np.int64)})
    model = onnx.load(source)
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.INT64, [3, 5]))
    onnx.save(model, source)
    x = np.random.default_rng(0).integers(0, 3, (3, 400)).astype(np.float32)
    wanted = np.argsort(-x if largest else x, axis=1, kind="stable")[:, :5]
    found = run_ir(converted(source).path, {"x": x})["y"]
    np.testing.assert_array_equal(found, wanted)


def test_a_shape_that_openvino_makes_otherwise(tmp_path: Path):
    source = foreign(tmp_path / "f.onnx", [helper.make_node("Relu", ["x"], ["y"])])
    model = onnx.load(source)
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 4, 6, 7]))
    onnx.save(model, source)
    assert code_of(source) == "CTK404"


def test_operator_that_openvino_lacks(tmp_path: Path):
    node = helper.make_node("Frobnicate", ["x"], ["y"], domain="org.example")
    source = foreign(tmp_path / "f.onnx", [node])
    model = onnx.load(source)
    model.opset_import.append(helper.make_opsetid("org.example", 1))
    onnx.save(model, source)
    with pytest.raises(
        CtkError, match=r"CTK404 openvino lacks operators of this graph: org\.example\.Frobnicate"
    ):
        converted(source)


def test_graph_that_is_wrong(tmp_path: Path):
    node = helper.make_node("Softmax", ["x"], ["y"], axis=9)
    with pytest.raises(CtkError, match="CTK517 openvino refuses the ONNX file: Axis 9 out of"):
        converted(foreign(tmp_path / "f.onnx", [node]))


def test_source_of_another_suffix(tmp_path: Path):
    source = own(tmp_path).rename(tmp_path / "net.weights")
    artifact = OnnxToOpenvino().convert(ConversionRequest((source,), output=tmp_path / "net.xml"))
    expected = run_onnx(source, {"data_l": L})["prob"]
    np.testing.assert_allclose(run_ir(artifact.path, {"data_l": L})["prob"], expected, rtol=1e-5, atol=1e-6)


def test_damaged_and_wrong_files(tmp_path: Path):
    source = own(tmp_path)
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(source.read_bytes()[:-40])
    assert code_of(cut) == "CTK517"
    (tmp_path / "page.onnx").write_text("<html><body>gone</body></html>")
    assert code_of(tmp_path / "page.onnx") == "CTK502"
    assert code_of(tmp_path / "absent.onnx") == "CTK501"
    with pytest.raises(CtkError, match="CTK601"):
        OnnxToOpenvino().convert(ConversionRequest((source, source), output=tmp_path / "x.xml"))


def test_external_data_outside_of_the_folder(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.data").write_bytes(bytes(64))
    source = foreign(
        tmp_path / "in" / "f.onnx",
        [helper.make_node("Add", ["x", "k"], ["y"])],
        (4, 4),
        held={"k": np.zeros((4, 4), np.float32)},
    )
    model = onnx.load(source)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "../secret.data"), ("offset", "0"), ("length", "64")):
        tensor.external_data.add(key=key, value=value)
    source.write_bytes(model.SerializeToString())
    assert code_of(source) == "CTK517"


def test_constants_that_would_grow_without_bound(tmp_path: Path):
    nodes = [helper.make_node("Expand", ["k", "s"], ["big"]), helper.make_node("Add", ["x", "big"], ["y"])]
    held = {"k": np.float32(1), "s": np.array([200_000, 200_000], np.int64)}
    assert code_of(foreign(tmp_path / "f.onnx", nodes, ("n", 200_000), held=held)) == "CTK408"


def test_dry_run_writes_nothing(tmp_path: Path):
    source = own(tmp_path)
    before = sorted(tmp_path.iterdir())
    artifact = converted(source, dry_run=True)
    assert not artifact.written
    assert artifact.document.graph_outputs[0].dims == [1, 2, 6, 6]
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_replaced_and_what_is_not(tmp_path: Path):
    source = own(tmp_path)
    first = converted(source)
    assert converted(source, batch=2).document.inputs[0].dims[0] == 2  # our own, without asking
    first.path.write_text('<?xml version="1.0"?><net name="mine"></net>')
    with pytest.raises(CtkError, match="CTK406"):
        converted(source)
    first.path.unlink()
    first.path.with_suffix(".bin").write_bytes(b"mine")
    with pytest.raises(CtkError, match="CTK406"):
        converted(source)
    check_pair(converted(source, force=True).path)


def test_bin_without_xml_is_known_by_the_sidecar(tmp_path: Path):
    source = own(tmp_path)
    converted(source).path.unlink()
    check_pair(converted(source).path)


@pytest.mark.parametrize("name", ["net.onnx", "net", "net.bin", "net.XML"])
def test_target_needs_its_suffix(tmp_path: Path, name: str):
    request = ConversionRequest((own(tmp_path),), output=tmp_path / "out" / name)
    with pytest.raises(CtkError, match="CTK601"):
        OnnxToOpenvino().convert(request)


def test_report_and_sources_are_not_overwritten(tmp_path: Path):
    source = own(tmp_path)
    for taken in ("net.xml", "net.bin", "net.xml.ctk.json", "net.onnx"):
        assert code_of(source, report=tmp_path / taken) == "CTK601"
    disguised = source.rename(tmp_path / "net.bin")
    with pytest.raises(CtkError, match="CTK601"):
        OnnxToOpenvino().convert(ConversionRequest((disguised,), output=tmp_path / "net.xml"))


def test_names_that_ctk_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = own(tmp_path)
    monkeypatch.chdir(tmp_path)
    artifact = OnnxToOpenvino().convert(ConversionRequest((source,)))
    assert artifact.path == Path("ctk-out/net/openvino/net.xml")
    assert json.loads(sidecar_of(artifact.path).read_text())["format"] == "openvino"
    model = onnx.load(source)
    entries = {entry.key: entry for entry in model.metadata_props}
    entries["ctk.weights"].value = "synthetic"
    entries["ctk.model"].value = "../../escaped"
    onnx.save(model, tmp_path / "other.onnx")
    artifact = OnnxToOpenvino().convert(ConversionRequest((tmp_path / "other.onnx",)))
    assert artifact.path == Path("ctk-out/other/openvino/other-synthetic.xml")
