from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.roofline.cost import WINOGRAD, GraphCost
from benchmarks.roofline.graph_cost import graph_cost
from toolkit.errors import BadInput

SHAPES = {"w331": (8, 4, 3, 3), "w5": (8, 4, 5, 5), "grouped": (8, 2, 3, 3), "up": (4, 6, 4, 4), "m": (16, 5)}


def model(
    path: Path,
    nodes: list[Any],
    inputs: dict[str, Any],
    outputs: dict[str, Any],
    dtype: Any = np.float32,
    **more: Any,
) -> Path:
    """An ONNX file whose constants are those of SHAPES that it reads, and ``more``."""
    read = {name for node in nodes for name in node.input}
    constants = [
        numpy_helper.from_array(np.ones(shape, dtype), name) for name, shape in SHAPES.items() if name in read
    ]
    constants += [numpy_helper.from_array(np.asarray(value), name) for name, value in more.items()]
    infos = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ends.items()]
        for ends in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "net", *infos, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save_model(made, str(path))
    return path


def conv(weight: str, **attributes: Any) -> Any:
    return helper.make_node("Conv", ["x", weight], ["y"], **attributes)


X = {"x": (1, 4, 10, 12)}


@pytest.mark.parametrize(
    ("node", "made", "macs", "is_winograd"),
    [
        # outputs × channels read × kernel, by hand
        (conv("w331", pads=[1] * 4), (1, 8, 10, 12), 8 * 10 * 12 * 4 * 9, True),
        (conv("w331", pads=[1] * 4, strides=[2, 2]), (1, 8, 5, 6), 8 * 5 * 6 * 4 * 9, False),
        (conv("w331", pads=[2] * 4, dilations=[2, 2]), (1, 8, 10, 12), 8 * 10 * 12 * 4 * 9, False),
        (conv("w5", pads=[2] * 4), (1, 8, 10, 12), 8 * 10 * 12 * 4 * 25, False),
        (conv("grouped", pads=[1] * 4, group=2), (1, 8, 10, 12), 8 * 10 * 12 * 2 * 9, True),
    ],
)
def test_convolutions_of_onnx_by_hand(
    tmp_path: Path, node: Any, made: tuple[int, ...], macs: int, is_winograd: bool
) -> None:
    cost = graph_cost(model(tmp_path / "net.onnx", [node], X, {"y": made}))
    assert cost.flops == 2 * macs
    assert cost.winograd_flops == (2 * macs if is_winograd else 0)
    assert cost.ends_bytes == 4 * (4 * 10 * 12 + int(np.prod(made)))
    assert cost.weights == {32: int(np.prod(SHAPES[node.input[1]]))}


def test_winograd_saves_what_its_definition_says(tmp_path: Path) -> None:
    path = model(tmp_path / "net.onnx", [conv("w331", pads=[1] * 4)], X, {"y": (1, 8, 10, 12)})
    cost = graph_cost(path)
    # 6×6 outputs of 3×3 products each, made with 8×8 multiplications
    assert float(WINOGRAD) == pytest.approx(5.06, abs=0.003)
    assert cost.least_flops(winograd=True) == pytest.approx(69120 * 64 / 324)
    assert cost.least_flops(winograd=False) == 69120


def test_deconvolution_and_matrix_products(tmp_path: Path) -> None:
    up = helper.make_node("ConvTranspose", ["x", "up"], ["y"], strides=[2, 2], pads=[1] * 4)
    cost = graph_cost(model(tmp_path / "up.onnx", [up], X, {"y": (1, 6, 20, 24)}))
    assert cost.flops == 2 * (4 * 10 * 12) * 6 * 16
    product = helper.make_node("MatMul", ["x", "m"], ["y"])
    cost = graph_cost(model(tmp_path / "m.onnx", [product], {"x": (3, 7, 16)}, {"y": (3, 7, 5)}))
    assert cost.flops == 2 * 3 * 7 * 16 * 5
    turned = helper.make_node("Gemm", ["x", "m"], ["y"], transA=1)
    cost = graph_cost(model(tmp_path / "g.onnx", [turned], {"x": (16, 9)}, {"y": (9, 5)}))
    assert cost.flops == 2 * 9 * 16 * 5


def test_an_open_batch_multiplies_pictures_and_not_weights(tmp_path: Path) -> None:
    open_x, open_y = {"x": ("N", 4, 10, 12)}, {"y": ("N", 8, 10, 12)}
    path = model(tmp_path / "net.onnx", [conv("w331", pads=[1] * 4)], open_x, open_y)
    one, three = graph_cost(path), graph_cost(path, batch=3)
    assert (one.flops, three.flops) == (69120, 3 * 69120)
    assert three.ends_bytes == 3 * one.ends_bytes
    assert three.weights == one.weights
    assert (one.batch, three.batch) == (1, 3)


def test_a_fixed_batch_is_the_files_own(tmp_path: Path) -> None:
    path = model(
        tmp_path / "net.onnx", [conv("w331", pads=[1] * 4)], {"x": (2, 4, 10, 12)}, {"y": (2, 8, 10, 12)}
    )
    assert graph_cost(path).flops == graph_cost(path, batch=2).flops == 2 * 69120
    assert graph_cost(path).batch == 2
    with pytest.raises(BadInput) as caught:
        graph_cost(path, batch=3)
    assert caught.value.code == "CTK508"


def test_only_what_lies_between_input_and_output_counts(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["a", "b"], ["folded"]),  # constants: worked out once
        helper.make_node("MatMul", ["x", "folded"], ["y"]),
        helper.make_node("MatMul", ["x", "b"], ["unread"]),
    ]
    more = {"a": np.ones((4, 4), np.float32), "b": np.ones((4, 4), np.float32)}
    path = model(tmp_path / "net.onnx", nodes, {"x": (1, 4)}, {"y": (1, 4)}, **more)
    cost = graph_cost(path)
    assert cost.flops == 2 * 4 * 4
    assert cost.weights == {32: 16}


def test_a_shared_weight_moves_once(tmp_path: Path) -> None:
    square = np.ones((5, 5), np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "w"], ["y"]),
    ]
    cost = graph_cost(model(tmp_path / "net.onnx", nodes, {"x": (2, 5)}, {"y": (2, 5)}, w=square))
    assert cost.flops == 2 * 2 * (2 * 5 * 5)
    assert cost.weights == {32: 25}


def test_bytes_are_those_of_the_narrowest_precision_that_ran() -> None:
    cost = GraphCost(flops=0, weights={32: 1000, 16: 10}, ends_bytes=80)
    assert cost.moved_bytes("f32") == 4000 + 20 + 80
    assert cost.moved_bytes("bf16") == cost.moved_bytes("mixed:bf16+f32") == 2000 + 20 + 80
    assert cost.weight_bytes("i8") == 1010
    assert cost.weight_bytes("f64") == 4020  # what the file holds needs no more


def test_unknown_sizes_and_other_forms_count_nothing_and_are_told(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "m"], ["h"]),
        helper.make_node("Einsum", ["h", "h"], ["y"], equation="ij,ij->i"),
    ]
    cost = graph_cost(model(tmp_path / "net.onnx", nodes, {"x": (None, 16)}, {"y": (None,)}))
    assert cost.flops == 2 * 16 * 5
    assert cost.remarks == ("not counted: Einsum",)


@pytest.mark.parametrize("f16", [False, True])
def test_an_ir_costs_what_its_onnx_costs(tmp_path: Path, f16: bool) -> None:
    import openvino

    nodes = [
        helper.make_node("Conv", ["x", "w331"], ["a"], pads=[1] * 4),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "w8"], ["y"], pads=[1] * 4, group=4),
    ]
    more = {"w8": np.ones((8, 2, 3, 3), np.float32)}
    path = model(tmp_path / "net.onnx", nodes, {"x": ("N", 4, 10, 12)}, {"y": ("N", 8, 10, 12)}, **more)
    ir = tmp_path / "net.xml"
    openvino.save_model(openvino.Core().read_model(str(path)), str(ir), compress_to_fp16=f16)
    macs = 8 * 10 * 12 * 4 * 9 + 8 * 10 * 12 * 2 * 9
    cost = graph_cost(ir, batch=2)
    assert cost.flops == cost.winograd_flops == 2 * 2 * macs
    assert cost.weights == {16 if f16 else 32: 8 * 4 * 9 + 8 * 2 * 9}
    assert cost.ends_bytes == 2 * 4 * 120 * (4 + 8)


PROTOTXT = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 dim: 10 dim: 12 } } }
layer { name: "c" type: "Convolution" bottom: "x" top: "c"
  convolution_param { num_output: 8 kernel_size: 3 pad: 1 } }
layer { name: "d" type: "Convolution" bottom: "c" top: "d"
  convolution_param { num_output: 8 kernel_size: 3 pad: 2 dilation: 2 group: 2 } }
layer { name: "u" type: "Deconvolution" bottom: "d" top: "u"
  convolution_param { num_output: 6 kernel_size: 4 pad: 1 stride: 2 } }
layer { name: "ip" type: "InnerProduct" bottom: "u" top: "ip" inner_product_param { num_output: 5 } }
"""


def test_a_prototxt_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(PROTOTXT)
    cost = graph_cost(path)
    plain, dilated = 8 * 120 * 4 * 9, 8 * 120 * 4 * 9
    up, product = 8 * 120 * 6 * 16, 6 * 20 * 24 * 5
    assert cost.flops == 2 * (plain + dilated + up + product)
    assert cost.winograd_flops == 2 * plain
    assert cost.weights == {32: 8 * 4 * 9 + 8 * 4 * 9 + 8 * 6 * 16 + 6 * 20 * 24 * 5}
    assert cost.ends_bytes == 4 * (480 + 5)


def test_caffe_layers_that_share_a_weight_move_it_once(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    shared = 'param { name: "w" } inner_product_param { num_output: 6 bias_term: false }'
    path.write_text(
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 6 } } }'
        f'layer {{ name: "a" type: "InnerProduct" bottom: "x" top: "a" {shared} }}'
        f'layer {{ name: "b" type: "InnerProduct" bottom: "a" top: "b" {shared} }}'
    )
    cost = graph_cost(path)
    assert cost.flops == 2 * 2 * 36
    assert cost.weights == {32: 36}


def test_the_main_network(main_home: Path, main_onnx: Path) -> None:
    """63.967 GFLOP with the head (benchmark_method.md §8), from two formats."""
    prototxt = next((main_home / "models").glob("*/synthetic/*.prototxt"))
    for path in (prototxt, main_onnx):
        cost = graph_cost(path)
        assert cost.flops / 1e9 == pytest.approx(63.967, abs=0.0005)
        assert cost.moved_bytes("f32") / 1e6 == pytest.approx(129.1, abs=0.1)


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "CTK502"), (b"IMOD" + bytes(60), "CTK502"), (b"\x08\x08\x12\x01x\xff\xff", "CTK517")],
)
def test_files_that_are_no_network(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        graph_cost(path)
    assert caught.value.code == code
