"""The size of rounding, against rounding that NumPy really does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray

from benchmarks.layer_walk.rounding import SAFETY, is_explained, rounding_error, unit_roundoff
from converters.caffe.layers import registry

WIDE = "inner_product_param { num_output: 64 bias_term: false }"


@pytest.mark.parametrize(("word", "kind"), [("f32", np.float32), ("f16", np.float16)])
def test_unit_roundoff_is_half_of_what_numpy_calls_eps(word: str, kind: type[np.floating]):
    assert unit_roundoff(word) == np.finfo(kind).eps / 2


def test_the_coarsest_part_of_a_mixed_precision_counts():
    assert unit_roundoff("mixed:bf16+f32") == unit_roundoff("bf16") == 2.0**-8
    assert unit_roundoff("i8") is None
    assert unit_roundoff("mixed:f32+i8") is None


def sequential_product(weights: NDArray[np.float32], x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Dot products added one by one in float32, the worst order there is."""
    total = np.zeros(len(weights), np.float32)
    for column, value in zip(weights.T, x, strict=True):
        total = total + column * value
    return total


@pytest.mark.parametrize("products", [16, 4096])
def test_dot_products_in_float32_stay_below_and_near(products: int, tmp_path: Path):
    random = np.random.default_rng(2)
    weights = random.normal(size=(64, products)).astype(np.float32)
    x = random.normal(size=products).astype(np.float32)
    net = Nets(tmp_path).single("InnerProduct", (1, products), WIDE, [weights])
    layer = net.layers[-1]
    bottoms = [x.astype(np.float64)[None]]
    tops = registry.EVALUATIONS["InnerProduct"](layer, bottoms)
    error = float(np.abs(sequential_product(weights, x) - tops[0][0]).max())
    size = rounding_error(layer, bottoms, tops, "f32")
    assert size is not None
    assert size / 300 < error < size * SAFETY
    assert is_explained(error, layer, bottoms, tops, "f32")
    assert not is_explained(SAFETY * size * 1.01, layer, bottoms, tops, "f32")


def test_inputs_and_weights_in_f16_are_explained_as_f16_only(tmp_path: Path):
    random = np.random.default_rng(3)
    weights = random.normal(size=(64, 256)).astype(np.float32)
    x = random.normal(size=256).astype(np.float32)
    net = Nets(tmp_path).single("InnerProduct", (1, 256), WIDE, [weights])
    layer, bottoms = net.layers[-1], [x.astype(np.float64)[None]]
    tops = registry.EVALUATIONS["InnerProduct"](layer, bottoms)
    halves = weights.astype(np.float16).astype(np.float64) @ x.astype(np.float16).astype(np.float64)
    error = float(np.abs(halves - tops[0][0]).max())
    assert is_explained(error, layer, bottoms, tops, "f16")
    assert not is_explained(error, layer, bottoms, tops, "f32")
    assert is_explained(error, layer, bottoms, tops, "i8") is None


def test_a_steep_layer_may_answer_to_rounding_more_than_a_flat_one(tmp_path: Path):
    """Softmax of 1000 + x answers to the last digit of 1000, though not to 1000; that is no fault of it."""
    nets = Nets(tmp_path)
    random = np.random.default_rng(4)
    x = random.normal(size=(1, 8, 3, 3))
    layer = nets.single("Softmax", (1, 8, 3, 3)).layers[-1]
    sizes = []
    for offset in (0.0, 1000.0):
        bottoms = [x + offset]
        tops = registry.EVALUATIONS["Softmax"](layer, bottoms)
        stored = [(x + offset).astype(np.float32).astype(np.float64)]
        moved = registry.EVALUATIONS["Softmax"](layer, stored)
        error = float(np.abs(moved[0] - tops[0]).max())
        assert is_explained(error, layer, bottoms, tops, "f32")
        sizes.append(rounding_error(layer, bottoms, tops, "f32"))
    assert sizes[1] > 20 * sizes[0]


def test_winograd_is_allowed_for_only_where_it_can_be(tmp_path: Path):
    nets = Nets(tmp_path)
    random = np.random.default_rng(6)
    x = [random.normal(size=(1, 4, 9, 9))]
    weights = random.normal(size=(4, 4, 3, 3)).astype(np.float32)
    body = "convolution_param {{ num_output: 4 kernel_size: 3 bias_term: false stride: {} }}"
    explained = []
    for stride in (1, 2):
        layer = nets.single("Convolution", (1, 4, 9, 9), body.format(stride), [weights]).layers[-1]
        tops = registry.EVALUATIONS["Convolution"](layer, x)
        size = rounding_error(layer, x, tops, "f32")
        assert size is not None
        explained.append(is_explained(size * SAFETY * 2, layer, x, tops, "f32"))
    assert explained == [True, False]


def test_dropping_a_bias_is_not_rounding(tmp_path: Path):
    random = np.random.default_rng(7)
    weights = random.normal(size=(4, 4, 1, 1)).astype(np.float32)
    bias = np.full(4, 1e-3, np.float32)
    body = "convolution_param { num_output: 4 kernel_size: 1 }"
    layer = Nets(tmp_path).single("Convolution", (1, 4, 5, 5), body, [weights, bias]).layers[-1]
    bottoms = [random.normal(size=(1, 4, 5, 5))]
    tops = registry.EVALUATIONS["Convolution"](layer, bottoms)
    without = replace(layer, blobs=(layer.blobs[0], replace(layer.blobs[1], values=np.zeros(4, np.float32))))
    error = float(np.abs(registry.EVALUATIONS["Convolution"](without, bottoms)[0] - tops[0]).max())
    assert not is_explained(error, layer, bottoms, tops, "f32")
