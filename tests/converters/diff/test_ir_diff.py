"""OpenVINO IR on one side or on both, changed in one place: the difference is found in that place only."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
from caffe_samples import caffemodel, input_layer, layer, write_files
from ir_samples import edited_bin, edited_xml, ir_of
from numpy.typing import NDArray

import converters
from converters.diff.comparing import diff_models
from converters.diff.document import DiffDocument
from converters.diff.relation import rounded
from converters.openvino.ir_reading import read_ir
from toolkit.errors import BadInput

TEXT = (
    input_layer(1, 4, 8, 8)
    + layer("conv", "Convolution", "data", "conv", "convolution_param { num_output: 6 kernel_size: 3 pad: 1 }")
    + layer("relu", "ReLU", "conv", "conv")
    + layer("norm", "BatchNorm", "conv", "norm")
    + layer("scale", "Scale", "norm", "scale", "scale_param { bias_term: true }")
    + layer(
        "grouped", "Convolution", "scale", "grouped",
        "convolution_param { num_output: 6 kernel_size: 3 group: 2 stride: 2 dilation: 2 pad: 2 }",
    )
    + layer("up", "Deconvolution", "grouped", "up", "convolution_param { num_output: 4 kernel_size: 4 stride: 2 pad: 1 }")
    + layer("fc", "InnerProduct", "up", "fc", "inner_product_param { num_output: 5 }")
    + layer("prob", "Softmax", "fc", "prob")
)  # fmt: skip


def _floats(*shape: int, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


BLOBS: list[tuple[str, str, list[Any]]] = [
    ("conv", "Convolution", [_floats(6, 4, 3, 3, seed=0), _floats(6, seed=1)]),
    ("norm", "BatchNorm", [_floats(6, seed=2), abs(_floats(6, seed=3)), np.float32([7.0])]),
    ("scale", "Scale", [_floats(6, seed=4), _floats(6, seed=5)]),
    ("grouped", "Convolution", [_floats(6, 3, 3, 3, seed=8), _floats(6, seed=9)]),
    ("up", "Deconvolution", [_floats(6, 4, 4, 4, seed=10), _floats(4, seed=11)]),
    ("fc", "InnerProduct", [_floats(5, 256, seed=6), _floats(5, seed=7)]),
]


@pytest.fixture
def net(tmp_path: Path) -> str:
    text, weights = write_files(tmp_path / "a", TEXT, caffemodel(BLOBS))
    return f"{text},{weights}"


@pytest.fixture
def onnx(net: str, tmp_path: Path) -> Path:
    return converters.convert(net.split(","), output=tmp_path / "ours.onnx").path


@pytest.fixture
def ir(onnx: Path, tmp_path: Path) -> Path:
    return ir_of(onnx, tmp_path / "f32.xml")


def differing(document: DiffDocument) -> dict[str, str]:
    return {item.name: item.kind for item in document.weights if not item.same}


def aspects(document: DiffDocument) -> set[tuple[str, str, str | None]]:
    return {(item.aspect, item.name, item.detail) for item in document.structure}


def is_clean(document: DiffDocument, but: str) -> bool:
    found = {"structure", "only_in_a", "only_in_b", "renamed"} - {but}
    return not any(getattr(document, name) for name in found) and (
        but == "weights" or not differing(document)
    )


def constant(path: Path, name: str) -> tuple[int, NDArray[Any]]:
    """Offset in the bin and numbers of a constant, told by OpenVINO."""
    op = next(
        op
        for op in openvino.Core().read_model(str(path)).get_ops()
        if op.get_friendly_name() in {name, f"{name}_compressed"} and op.get_type_name() == "Constant"
    )
    found = re.search(rf'name="{op.get_friendly_name()}".*?offset="(\d+)"', path.read_text(), re.DOTALL)
    assert found is not None
    return int(found[1]), np.array(op.data)


def put(path: Path, name: str, change: Callable[[NDArray[Any]], NDArray[Any]]) -> str:
    offset, values = constant(path, name)
    after = np.ascontiguousarray(change(values)).astype(values.dtype).tobytes()
    assert len(after) == values.nbytes
    return str(edited_bin(path, offset, lambda data: after + data[len(after) :]))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("source", ["caffe", "onnx"])
def test_a_conversion_is_the_same(net: str, onnx: Path, ir: Path, source: str, turned: bool):
    pair = [net if source == "caffe" else str(onnx), str(ir)]
    found = diff_models(*(pair[::-1] if turned else pair))
    assert is_clean(found, "nothing")
    assert found.verdict == "pass"
    assert found.compared_as == "named nodes"
    kinds = {item.name: item.kind for item in found.weights}
    assert {*kinds} >= {
        f"{name}.{role}" for name in ("conv", "grouped", "up", "fc") for role in ("weight", "bias")
    }
    assert kinds["grouped.weight"] in {"equal", "reshaped"}
    assert kinds["norm.mean"] == ("folded" if source == "caffe" else "equal")


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("source", ["caffe", "onnx", "ir"])
def test_compressed_numbers_are_what_rounding_makes(
    net: str, onnx: Path, ir: Path, tmp_path: Path, source: str, turned: bool
):
    half = ir_of(onnx, tmp_path / "f16.xml", f16=True)
    pair = [{"caffe": net, "onnx": str(onnx), "ir": str(ir)}[source], str(half)]
    found = diff_models(*(pair[::-1] if turned else pair))
    assert found.verdict == "pass"
    kinds = {item.name: (item.kind, item.detail) for item in found.weights}
    assert kinds["conv.weight"] == ("converted", "rounded to float16")
    changed = put(
        half, "conv.weight", lambda w: np.where(np.arange(w.size).reshape(w.shape) == 5, w * 1.001, w)
    )
    pair = [pair[0], changed]
    found = diff_models(*(pair[::-1] if turned else pair))
    assert differing(found) == {"conv.weight": "different"}
    assert next(item.differing for item in found.weights if not item.same) == 1
    assert diff_models(*pair, tolerance=1e-2).verdict == "pass"


@pytest.mark.parametrize("source", ["onnx", "ir", "caffe"])
@pytest.mark.parametrize(
    ("name", "change", "kind"),
    [
        ("conv.weight", lambda w: w.transpose(0, 1, 3, 2), "transposed"),
        ("conv.weight", lambda w: w[:, :, ::-1], "flipped"),
        ("conv.weight", lambda w: w[[1, 0, 2, 3, 4, 5]], "permuted"),
        ("up.weight", lambda w: w * np.float32(2), "scaled"),
        ("fc.bias", lambda w: w + np.float32([[0, 0, 1, 0, 0]]).reshape(w.shape), "different"),
    ],
)
def test_changed_weights_are_named(
    net: str,
    onnx: Path,
    ir: Path,
    source: str,
    name: str,
    change: Callable[[NDArray[Any]], NDArray[Any]],
    kind: str,
):
    found = diff_models({"onnx": str(onnx), "ir": str(ir), "caffe": net}[source], put(ir, name, change))
    assert (found.verdict, differing(found)) == ("fail", {name: kind})
    assert is_clean(found, "weights")


def test_two_runs_of_openvino_are_the_same(onnx: Path, ir: Path, tmp_path: Path):
    """Its running numbers differ from run to run."""
    again = ir_of(onnx, tmp_path / "again.xml")
    assert again.read_text() != ir.read_text()
    found = diff_models(str(ir), str(again))
    assert (found.verdict, found.compared_as) == ("pass", "nodes")
    assert any("<" in item.name for item in found.weights)


def conv_attribute(name: str, value: str) -> Callable[[str], str]:
    return lambda text: re.sub(
        rf'(type="Convolution"[^>]*>\s*<data [^>]*?{name}=)"[^"]*"', rf'\1"{value}"', text, count=1
    )


@pytest.mark.parametrize(
    ("change", "name", "details"),
    [
        (conv_attribute("dilations", "3, 3"), "conv", {"dilations"}),
        (conv_attribute("pads_begin", "2, 2"), "conv", {"pads", "pads_begin"}),
        (conv_attribute("strides", "2, 2"), "conv", {"strides"}),
    ],
)
@pytest.mark.parametrize("source", ["onnx", "ir", "caffe"])
def test_a_changed_window_is_named(
    net: str, onnx: Path, ir: Path, source: str, change: Callable[[str], str], name: str, details: set[str]
):
    found = diff_models({"onnx": str(onnx), "ir": str(ir), "caffe": net}[source], str(edited_xml(ir, change)))
    ((aspect, part, detail),) = aspects(found)
    assert aspect == "attribute"
    assert part.startswith(name)
    assert detail in details
    assert is_clean(found, "structure")


def test_an_attribute_shape_and_wire_between_irs(ir: Path):
    def softmax(text: str) -> str:
        return re.sub(r'(type="SoftMax"[^>]*>\s*<data axis=)"1"', r'\1"0"', text)

    assert aspects(diff_models(str(ir), str(edited_xml(ir, softmax)))) == {("attribute", "prob", "axis")}
    layers = {x.name: x for x in read_ir(ir).network.layers.values()}
    relu, norm = layers["relu"], layers["norm"]
    edge = f'from-layer="{relu.id}" from-port="1" to-layer="{norm.id}"'
    other = f'from-layer="{layers["conv"].id}" from-port="2" to-layer="{norm.id}"'
    changed = edited_xml(ir, lambda text: text.replace(edge, other))
    assert aspects(diff_models(str(ir), str(changed))) == {("wiring", "norm", "bottom 0")}


def test_wires_are_compared_with_onnx_too(onnx: Path, ir: Path):
    layers = {x.name: x for x in read_ir(ir).network.layers.values()}
    edge = f'from-layer="{layers["relu"].id}" from-port="1" to-layer="{layers["norm"].id}"'
    other = f'from-layer="{layers["conv"].id}" from-port="2" to-layer="{layers["norm"].id}"'
    found = diff_models(str(onnx), str(edited_xml(ir, lambda text: text.replace(edge, other))))
    assert ("wiring", "norm", "bottom 0") in aspects(found)


@pytest.mark.parametrize("turned", [False, True])
def test_a_dropped_layer_is_named(net: str, tmp_path: Path, turned: bool):
    without = TEXT.replace(layer("scale", "Scale", "norm", "scale", "scale_param { bias_term: true }"), "")
    text, weights = write_files(
        tmp_path / "b", without.replace('bottom: "scale"', 'bottom: "norm"'), caffemodel(BLOBS)
    )
    onnx = converters.convert([text, weights], output=tmp_path / "lossy.onnx").path
    lossy, whole = str(ir_of(onnx, tmp_path / "lossy.xml")), net
    found = diff_models(lossy, whole) if turned else diff_models(whole, lossy)
    lost = found.only_in_b if turned else found.only_in_a
    assert {item.name for item in lost if item.what == "weight"} == {"scale.scale", "scale.bias"}
    assert {item.type for item in lost if item.what == "node"} == {"Mul", "Add"}
    assert found.verdict == "fail"
    assert not (found.only_in_a if turned else found.only_in_b)


def test_an_added_layer_is_named(net: str, tmp_path: Path):
    text, weights = write_files(
        tmp_path / "b", TEXT + layer("more", "TanH", "prob", "prob"), caffemodel(BLOBS)
    )
    onnx = converters.convert([text, weights], output=tmp_path / "more.onnx").path
    found = diff_models(net, str(ir_of(onnx, tmp_path / "more.xml")))
    assert found.verdict == "fail"
    (lonely,) = found.only_in_b
    # Working in place, it makes the value that was Softmax's, whose own has a new name.
    assert (lonely.what, lonely.type) == ("node", "SoftMax")


def test_fused_batch_norm_is_recognised_and_checked(net: str, onnx: Path, tmp_path: Path):
    """What `ovc` makes: BatchNorm and Scale become one product and one sum, so that Scale's names are gone."""
    body = TEXT.replace(layer("scale", "Scale", "norm", "scale", "scale_param { bias_term: true }"), "")
    text, weights = write_files(
        tmp_path / "b", body.replace('bottom: "scale"', 'bottom: "norm"'), caffemodel(BLOBS)
    )
    plain = converters.convert([text, weights], output=tmp_path / "plain.onnx").path
    for f16 in (False, True):
        fused = ir_of(plain, tmp_path / f"fused{f16}.xml", fused=True, f16=f16)
        found = diff_models(f"{text},{weights}", str(fused))
        kinds = {item.name: item.kind for item in found.weights}
        assert (kinds["norm.mean"], kinds["norm.variance"]) == ("folded", "folded")
        assert found.verdict == "pass"
    layers = read_ir(fused).network
    shift = next(x for x in layers.layers.values() if x.name == "norm").sources
    names = [layers.layers[s.layer].name for s in shift if layers.layers[s.layer].type == "Convert"]
    (name,) = names
    found = diff_models(f"{text},{weights}", put(fused, name, lambda w: w + np.float16(0.5)))
    assert differing(found) == {"norm.mean": "different"}
    whole = diff_models(net, str(ir_of(onnx, tmp_path / "whole.xml", fused=True)))
    assert whole.verdict == "fail"


def test_a_shared_bias_that_openvino_copied(tmp_path: Path):
    body = 'convolution_param { num_output: 3 kernel_size: 3 } param { name: "w" } param { name: "b" }'
    text = (
        input_layer(1, 3, 9, 9)
        + layer("one", "Convolution", "data", "one", body)
        + layer("two", "Convolution", "one", "two", body)
    )
    blobs = [("one", "Convolution", [_floats(3, 3, 3, 3, seed=0), _floats(3, seed=1)])]
    prototxt, weights = write_files(tmp_path / "s", text, caffemodel(blobs))
    onnx = converters.convert([prototxt, weights], output=tmp_path / "s.onnx").path
    for wrong in (0, 1):
        model = openvino.Core().read_model(str(onnx))
        for op in model.get_ops():
            if op.get_friendly_name() == "two":  # as a folding of the reshaped bias leaves it
                values = blobs[0][2][1].reshape(1, 3, 1, 1) + np.float32(wrong)
                copy = openvino.opset13.constant(values, name="two/Constant")
                op.input(1).replace_source_output(copy.output(0))
        path = tmp_path / f"s{wrong}.xml"
        openvino.save_model(model, str(path), compress_to_fp16=False)
        found = diff_models(str(onnx), str(path))
        assert differing(found) == ({"one.bias in two": "different"} if wrong else {})
        assert is_clean(found, "weights")


def test_what_no_output_needs_may_be_missing(tmp_path: Path):
    text = (
        input_layer(1, 3, 4, 4)
        + layer("kept", "ReLU", "data", "kept")
        + layer("lost", "TanH", "data", "lost")
        + 'layer { name: "quiet" type: "Silence" bottom: "lost" }'
    )
    prototxt, _ = write_files(tmp_path / "d", text)
    onnx = converters.convert([prototxt], output=tmp_path / "d.onnx").path
    found = diff_models(str(onnx), str(ir_of(onnx, tmp_path / "d.xml")))
    assert found.verdict == "pass"
    assert any("no output depends on: lost" in remark for remark in found.remarks)


def test_inputs_outputs_and_open_sizes(net: str, tmp_path: Path, onnx: Path, ir: Path):
    options = converters.ConvertOptions(batch="dynamic", cut=("fc",))
    other = converters.convert(net.split(","), output=tmp_path / "o.onnx", options=options).path
    open_ir = ir_of(other, tmp_path / "o.xml")
    assert diff_models(str(other), str(open_ir)).verdict == "pass"
    found = {(d.aspect, d.name, d.detail): (d.a, d.b) for d in diff_models(str(onnx), str(open_ir)).structure}
    assert found["shape", "data", "input"] == ([1, 4, 8, 8], ["?", 4, 8, 8])
    assert found["output", "prob", None] == ([1, 5], None)
    between = {(d.aspect, d.name): (d.a, d.b) for d in diff_models(str(ir), str(open_ir)).structure}
    assert between["shape", "data"] == ([1, 4, 8, 8], ["batch", 4, 8, 8])


def test_a_caffemodel_alone(net: str, ir: Path):
    alone = net.split(",")[1]
    found = diff_models(alone, str(ir))
    assert (found.compared_as, found.verdict) == ("weights only", "pass")
    assert found.remarks == [f"{alone} is a caffemodel alone: only weights were compared"]
    assert differing(found) == {}
    kinds = {item.name: item.kind for item in found.weights}
    assert (kinds["conv.weight"], kinds["norm.mean"]) == ("equal", "folded")


def test_without_numbers(onnx: Path, ir: Path):
    changed = put(ir, "conv.weight", lambda w: w * 2)
    assert diff_models(str(onnx), changed, weights=False).verdict == "pass"


def test_a_folder_with_one_pair(ir: Path, tmp_path: Path, net: str):
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (ir, ir.with_suffix(".bin")):
        (folder / path.name).write_bytes(path.read_bytes())
    assert diff_models(net, str(folder)).verdict == "pass"
    (folder / ir.with_suffix(".bin").name).unlink()
    with pytest.raises(BadInput, match="CTK520"):
        diff_models(net, str(folder))


def test_types_that_cannot_be_read_are_no_data(tmp_path: Path):
    paths = []
    for name, first in (("a", 1), ("b", 2)):
        tensor = openvino.Tensor(openvino.Type.u4, openvino.Shape([4]))
        tensor.data[:] = [first, 3]
        held = openvino.opset13.constant(tensor, name="k")
        wide = openvino.opset13.convert(held, "f32", name="wide")
        openvino.save_model(
            openvino.Model([openvino.opset13.result(wide)], [], "m"), str(tmp_path / f"{name}.xml")
        )
        paths.append(str(tmp_path / f"{name}.xml"))
    found = diff_models(*paths)
    assert [(item.kind, item.detail) for item in found.weights] == [
        ("no_data", "ctk does not read numbers of type u4")
    ]


def test_rounding_is_openvinos(tmp_path: Path):
    """Ties, numbers below the smallest and above the largest float16, and both zeros."""
    special = [1e5, -1e6, 65519, 65520, 3e-8, 2.98e-8, 1e-9, 2049, 2051, 1.00048828125, -0.0, 5.96e-8, np.inf]
    spread = 10.0 ** np.random.default_rng(1).uniform(-9, 0, 20000)
    values = np.tile(np.concatenate([special, spread]), 3).astype(np.float32)
    x = openvino.opset13.parameter([values.size], np.float32, name="x")
    total = openvino.opset13.add(x, openvino.opset13.constant(values, name="k"))
    path = tmp_path / "r.xml"
    openvino.save_model(
        openvino.Model([openvino.opset13.result(total)], [x], "m"), str(path), compress_to_fp16=True
    )
    (held,) = read_ir(path).constants.values()
    assert held.load is not None
    np.testing.assert_array_equal(rounded(values), held.load())
