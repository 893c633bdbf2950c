"""BatchNorm, Scale, Softmax and ReLU by their formulas, in the oracle and in onnxruntime at all opsets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from caffe_samples import input_layer, small_net
from layer_samples import assert_both, floats, one_layer
from numpy.typing import NDArray
from onnx_samples import written
from scipy import special

from toolkit.errors import BadInput

OPSETS = range(11, 22)
SAMPLES = {1: (6,), 2: (4, 5), 3: (2, 3, 4), 4: (2, 3, 4, 5), 5: (2, 3, 2, 2, 3)}


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -2])
def test_softmax_along_any_axis(tmp_path: Path, opset: int, axis: int):
    x = 3 * floats(2, 3, 4, 5)
    expected = special.softmax(x.astype(np.float64), axis=axis)
    assert_both(tmp_path, "Softmax", [x], expected, f"softmax_param {{ axis: {axis} }}", opset=opset)


@pytest.mark.parametrize("rank", SAMPLES)
def test_softmax_of_any_rank_and_large_numbers(tmp_path: Path, rank: int):
    x = 500 * floats(*SAMPLES[rank])
    axis = min(1, rank - 1)
    body = f"softmax_param {{ axis: {axis} }}"
    assert_both(tmp_path, "Softmax", [x], special.softmax(x.astype(np.float64), axis=axis), body, opset=11)


def test_softmax_axis_must_exist(tmp_path: Path):
    with pytest.raises(BadInput) as caught:
        one_layer(tmp_path, "Softmax", [floats(4)])
    assert caught.value.code == "CTK507"


@pytest.mark.parametrize("opset", [11, 13, 16, 21])
@pytest.mark.parametrize("slope", [0, 0.25, -2.0])
def test_relu(tmp_path: Path, opset: int, slope: float):
    x = floats(2, 3, 4)
    expected = np.where(x > 0, x, np.float64(slope) * x.astype(np.float64))
    assert_both(tmp_path, "ReLU", [x], expected, f"relu_param {{ negative_slope: {slope} }}", opset=opset)


def column(values: NDArray[Any], rank: int) -> NDArray[np.float64]:
    return values.astype(np.float64).reshape(1, -1, *[1] * (rank - 2))


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("factor", [1.0, 999.5, 0.0])
def test_batch_norm_with_stored_statistics(tmp_path: Path, opset: int, factor: float):
    x, mean, variance = floats(2, 3, 4, 5), floats(3, seed=1), np.abs(floats(3, seed=2)) + 0.5
    times = 1 / factor if factor else 0.0  # a factor of 0 makes mean and variance 0
    eps = np.float64(np.float32(0.01))
    expected = (x - column(mean, 4) * times) / np.sqrt(column(variance, 4) * times + eps)
    blobs = [mean, variance, [factor]]
    assert_both(tmp_path, "BatchNorm", [x], expected, "batch_norm_param { eps: 0.01 }", blobs, opset)


@pytest.mark.parametrize("rank", [2, 3, 5])
def test_batch_norm_of_other_ranks(tmp_path: Path, rank: int):
    x = floats(*SAMPLES[rank])
    channels = x.shape[1]
    mean, variance = floats(channels, seed=1), np.abs(floats(channels, seed=2)) + 0.5
    expected = (x - column(mean, rank)) / np.sqrt(column(variance, rank) + np.float64(np.float32(1e-5)))
    assert_both(tmp_path, "BatchNorm", [x], expected, blobs=[mean, variance, [1.0]])


@pytest.mark.parametrize("opset", OPSETS)
def test_batch_norm_with_the_statistics_of_the_batch(tmp_path: Path, opset: int):
    x = 2 * floats(3, 2, 4, 3) + 1
    wide = x.astype(np.float64)
    mean = wide.mean(axis=(0, 2, 3), keepdims=True)
    biased = ((wide - mean) ** 2).sum(axis=(0, 2, 3), keepdims=True) / (3 * 4 * 3)
    expected = (wide - mean) / np.sqrt(biased + np.float64(np.float32(1e-5)))
    blobs = [floats(2), floats(2), [1.0]]
    body = "batch_norm_param { use_global_stats: false }"
    assert_both(tmp_path, "BatchNorm", [x], expected, body, blobs, opset)
    assert_both(tmp_path, "BatchNorm", [x], expected, "phase: TRAIN", blobs, opset)


def test_batch_norm_needs_channels(tmp_path: Path):
    with pytest.raises(BadInput) as caught:
        one_layer(tmp_path, "BatchNorm", [floats(4)])
    assert caught.value.code == "CTK508"


@pytest.mark.parametrize(
    ("axis", "count", "covered"),
    [
        (1, 1, (3,)),
        (0, 1, (2,)),
        (-1, 1, (5,)),
        (1, 2, (3, 4)),
        (1, -1, (3, 4, 5)),
        (0, -1, (2, 3, 4, 5)),
        (2, 0, ()),
    ],
)
@pytest.mark.parametrize("bias", [False, True])
def test_scale_covers_the_axes_it_says(
    tmp_path: Path, axis: int, count: int, covered: tuple[int, ...], bias: bool
):
    x, factor, shift = floats(2, 3, 4, 5), floats(*covered, seed=1), floats(*covered, seed=2)
    first = axis % 4
    behind = (*covered, *[1] * (4 - first - len(covered)))
    expected = x.astype(np.float64) * factor.reshape(behind)
    if bias:
        expected = expected + shift.reshape(behind)
    body = f"scale_param {{ axis: {axis} num_axes: {count} bias_term: {str(bias).lower()} }}"
    blobs = [factor, shift] if bias else [factor]
    assert_both(tmp_path, "Scale", [x], expected, body, blobs)


@pytest.mark.parametrize("opset", [11, 12, 13, 21])
@pytest.mark.parametrize(("axis", "shape"), [(0, (2,)), (1, (3, 4)), (0, (2, 3, 4, 5)), (3, (5,)), (2, ())])
def test_scale_by_a_second_bottom(tmp_path: Path, opset: int, axis: int, shape: tuple[int, ...]):
    x, factor, shift = floats(2, 3, 4, 5), floats(*shape, seed=1), floats(*shape, seed=2)
    behind = (*shape, *[1] * (4 - axis - len(shape)))
    expected = x.astype(np.float64) * factor.reshape(behind) + shift.reshape(behind)
    body = f"scale_param {{ axis: {axis} bias_term: true }}"
    assert_both(tmp_path, "Scale", [x, factor], expected, body, [shift], opset)


@pytest.mark.parametrize(
    ("body", "shapes", "code"),
    [
        ("axis: 4", [(2, 3, 4, 5)], "CTK507"),
        ("axis: 3 num_axes: 2", [(2, 3, 4, 5)], "CTK507"),
        ("num_axes: -2", [(2, 3, 4, 5)], "CTK507"),
        ("axis: 1", [(2, 3, 4, 5), (4,)], "CTK508"),
        ("", [(2, 3), (3,), (3,)], "CTK505"),
    ],
)
def test_scale_that_does_not_fit(tmp_path: Path, body: str, shapes: list[tuple[int, ...]], code: str):
    with pytest.raises(BadInput) as caught:
        one_layer(tmp_path, "Scale", [floats(*shape) for shape in shapes], f"scale_param {{ {body} }}")
    assert caught.value.code == code


def test_scale_stays_a_node_of_its_own(tmp_path: Path):
    import onnx

    net = one_layer(tmp_path, "Scale", [floats(1, 3, 2, 2)], blobs=[[1.0, 2.0, 3.0]])
    graph = onnx.load(written(net, tmp_path / "x.onnx")).graph
    assert [(node.op_type, node.name) for node in graph.node] == [("Mul", "op")]


@pytest.mark.parametrize("dims", [(0,), (1, -1), (1, 0, 2)])
def test_input_sizes_are_positive(tmp_path: Path, dims: tuple[int, ...]):
    with pytest.raises(BadInput) as caught:
        small_net(tmp_path, input_layer(*dims) + 'layer { name: "r" type: "ReLU" bottom: "data" top: "r" }')
    assert caught.value.code == "CTK508"


def test_blobs_are_counted_in_an_int(tmp_path: Path):
    with pytest.raises(BadInput, match=r"2\^31 - 1 elements"):
        small_net(
            tmp_path, input_layer(65536, 32768) + 'layer { name: "r" type: "ReLU" bottom: "data" top: "r" }'
        )
