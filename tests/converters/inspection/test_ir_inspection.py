"""IR that OpenVINO made of our ONNX files, against the Caffe side, which counts by other code; and foreign IR."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import openvino.opset13 as ops
import pytest
from ir_samples import edited_xml, graph_ir, ir_of

from converters.api import convert
from converters.inspection.inspecting import inspect_files
from converters.options import ConvertOptions
from toolkit.errors import BadInput, UsageFault


def converted(little: tuple[Path, Path], folder: Path, *, f16: bool = False, **options: Any) -> Path:
    onnx = convert(little, output=folder / "little.onnx", options=ConvertOptions(**options)).path
    return ir_of(onnx, folder / "ir.xml", f16=f16)


@pytest.mark.parametrize("f16", [False, True])
def test_it_tells_what_the_caffe_files_tell(little: tuple[Path, Path], tmp_path: Path, f16: bool):
    caffe, found = inspect_files(little), inspect_files([converted(little, tmp_path, f16=f16)])
    assert found.compute == caffe.compute
    assert found.inputs == caffe.inputs
    assert found.outputs == caffe.outputs
    assert found.parameters.model_copy(update={"constants": 0}) == caffe.parameters
    assert (found.format, found.weights, found.model) == ("openvino", "own", "little")
    assert [file.kind for file in found.files] == ["xml", "bin"]
    assert found.provenance is not None
    assert found.provenance.ledger.layers_total == 9
    held = found.parameters.total - 1  # the factor of BatchNorm is folded
    assert found.openvino is not None
    assert found.openvino.ir_version == 11
    assert found.openvino.stored == {"f16" if f16 else "f32": held}
    assert found.openvino.compressed == (held if f16 else 0)
    same = {layer.name: layer.receptive_field_px for layer in found.layers}
    for layer in caffe.layers:
        if layer.type in {"Convolution", "ReLU", "BatchNorm", "Scale", "Softmax"}:
            assert same[layer.name] == layer.receptive_field_px


def test_macs_of_layers(little: tuple[Path, Path], tmp_path: Path):
    found = inspect_files([converted(little, tmp_path)])
    # By hand: 6 outputs of 1 channel (2 groups) and 9 products at 8x6; 6 inputs at 8x6, 313 outputs of 16
    # products; 2 outputs of 313 at 16x12.
    wanted = [8 * 6 * 6 * 9, 8 * 6 * 6 * 313 * 16, 16 * 12 * 2 * 313]
    assert [layer.macs for layer in found.layers if layer.macs] == wanted


def test_an_open_batch_is_counted_for_one(little: tuple[Path, Path], tmp_path: Path):
    found, fixed = inspect_files([converted(little, tmp_path, batch="dynamic")]), inspect_files(little)
    assert found.inputs[0].dims == ["batch", 2, 16, 12]
    assert found.outputs[0].dims == ["batch", 2, 16, 12]
    assert found.compute is not None
    assert fixed.compute is not None
    assert (found.compute.macs, found.compute.with_sizes) == (fixed.compute.macs, {"batch": 1})


def test_other_open_sizes_leave_the_sum_open(little: tuple[Path, Path], tmp_path: Path):
    found = inspect_files([converted(little, tmp_path, input_shape={"data": (1, 2, -1, -1)})])
    assert found.compute is not None
    assert found.compute.macs is None
    assert found.outputs[0].receptive_field_px == [7, 7]
    assert any("sizes of 3 nodes are open" in remark for remark in found.remarks)


def test_fused_by_openvino_it_is_counted_without_the_ledger(little: tuple[Path, Path], tmp_path: Path):
    onnx = convert(little, output=tmp_path / "little.onnx").path
    found = inspect_files([ir_of(onnx, tmp_path / "fused.xml", fused=True)])
    assert any("changed after the conversion" in remark for remark in found.remarks)
    assert found.parameters.told_apart == []


def foreign(folder: Path) -> Path:
    x = ops.parameter([2, 4, 8, 10], np.float32, name="x")
    grouped = ops.group_convolution(
        x, ops.constant(np.ones((2, 3, 2, 3, 3), np.float32)), [1, 1], [0, 0], [0, 0], [1, 1], name="grouped"
    )
    up = ops.group_convolution_backprop_data(
        grouped, ops.constant(np.ones((3, 2, 4, 2, 2), np.float32)), strides=[2, 2], name="up"
    )
    flat = ops.reshape(up, ops.constant(np.int64([0, -1])), special_zero=True)
    product = ops.matmul(flat, ops.constant(np.ones((2304, 5), np.float32)), False, False, name="product")
    pooled = ops.max_pool(up, [2, 2], [1, 1], [0, 0], [0, 0], [3, 2], name="pooled")
    body = ops.reduce_mean(pooled.output(0), ops.constant(np.int64([2, 3])), name="mean")
    return graph_ir(
        [ops.result(product), ops.result(pooled.output(0)), ops.result(body)], [x], folder / "x.xml"
    )


def test_a_foreign_ir(tmp_path: Path):
    found = inspect_files([foreign(tmp_path)])
    macs = {layer.name: layer.macs for layer in found.layers if layer.macs}
    # Grouped: 2x6x6x8 results of 2 channels and 9 products. Up: 2x6x6x8 inputs, 4 results and 4 products each.
    assert macs == {"grouped": 576 * 18, "up": 576 * 16, "product": 2 * 5 * 2304}
    assert found.parameters.count == 108 + 96 + 2304 * 5
    assert found.layer_types["GroupConvolution"] == 1
    assert found.provenance is None
    assert any("no provenance" in remark for remark in found.remarks)
    pooled = next(layer for layer in found.layers if layer.name == "pooled")
    # 3 input pixels; twice as fine after ``up``, of whose 2x2 windows each position sees one input.
    assert pooled.receptive_field_px[0] == 3 + 1  # windows of 3 fine positions may touch two coarse ones
    assert next(layer for layer in found.layers if layer.name == "mean").receptive_field_px in (
        [],
        [None, None],
    )
    json.loads(found.to_json())


def test_operators_of_others_are_named(tmp_path: Path):
    path = edited_xml(
        foreign(tmp_path),
        lambda t: t.replace('type="MaxPool" version="opset8"', 'type="Blur" version="extension"'),
    )
    found = inspect_files([path])
    assert found.layer_types["extension:Blur"] == 1
    assert next(x for x in found.layers if x.name == "pooled").receptive_field_px == [None, None]


def test_a_branch_is_noted(tmp_path: Path):
    x = ops.parameter([1, 4], np.float32, name="x")
    inner = ops.parameter([1, 4], np.float32, name="inner")
    other = ops.parameter([1, 4], np.float32, name="other")
    branch = ops.if_op(ops.constant(np.array(True)))
    then = openvino.Model([ops.result(ops.relu(inner))], [inner], "then")
    otherwise = openvino.Model([ops.result(ops.abs(other))], [other], "else")
    branch.set_then_body(then)
    branch.set_else_body(otherwise)
    branch.set_input(x.output(0), inner, other)
    out = branch.set_output(then.get_results()[0], otherwise.get_results()[0])
    found = inspect_files([graph_ir([ops.result(out)], [x], tmp_path / "if.xml")])
    assert found.layer_types == {"If": 1}
    assert found.compute is not None
    assert found.compute.uncounted == {"If": 1}
    assert any("networks of their own" in remark for remark in found.remarks)


def test_the_bin_may_be_named_with_its_xml_but_not_alone(tmp_path: Path):
    path = foreign(tmp_path)
    assert inspect_files([path.with_suffix(".bin"), path]) == inspect_files([path])
    with pytest.raises(BadInput, match=r"CTK502 .*bin of an OpenVINO IR") as caught:
        inspect_files([path.with_suffix(".bin")])
    assert caught.value.notes == (f"name its xml: {path}",) or list(caught.value.notes) == [
        f"name its xml: {path}"
    ]
    with pytest.raises(UsageFault, match="CTK601"):
        inspect_files([path, edited_xml(path, lambda text: text + "\n")])


@pytest.mark.parametrize("content", [None, b"short"])
def test_a_bin_that_is_missing_or_short(tmp_path: Path, content: bytes | None):
    path = foreign(tmp_path)
    path.with_suffix(".bin").unlink()
    if content is not None:
        path.with_suffix(".bin").write_bytes(content)
    with pytest.raises(BadInput, match="CTK520"):
        inspect_files([path])
