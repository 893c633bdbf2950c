"""Bias against a sum over indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray

SHAPE = (2, 3, 4, 5)


def _expected(x: Any, bias: Any, axis: int) -> NDArray[np.float64]:
    y = np.array(x, np.float64)
    for position in np.ndindex(*x.shape):
        y[position] += float(bias[position[axis : axis + bias.ndim]])
    return y


@pytest.mark.parametrize(
    ("body", "shape", "axis"),
    [
        ("", (3,), 1),
        ("bias_param { axis: 0 }", (2,), 0),
        ("bias_param { axis: -1 }", (5,), 3),
        ("bias_param { axis: 1 num_axes: 2 }", (3, 4), 1),
        ("bias_param { axis: 2 num_axes: -1 }", (4, 5), 2),
        ("bias_param { axis: -4 num_axes: 4 }", SHAPE, 0),
        ("bias_param { num_axes: 0 }", (), 1),
    ],
)
def test_one_bottom(
    nets: Nets, rng: np.random.Generator, body: str, shape: tuple[int, ...], axis: int
) -> None:
    x = rng.normal(size=SHAPE).astype(np.float32)
    bias = np.asarray(rng.normal(size=shape), np.float32)
    nets.agree(nets.single("Bias", SHAPE, body, [bias]), _expected(x, bias, axis), x=x)


@pytest.mark.parametrize(
    ("axis", "shape"), [(1, (3,)), (0, (2, 3)), (-2, (4, 5)), (-1, (5,)), (1, (3, 4)), (9, ()), (0, SHAPE)]
)
def test_two_bottoms(nets: Nets, rng: np.random.Generator, axis: int, shape: tuple[int, ...]) -> None:
    x = rng.normal(size=SHAPE).astype(np.float32)
    b = np.asarray(rng.normal(size=shape), np.float32)
    text = (
        f'layer {{ name: "l" type: "Bias" bottom: "x" bottom: "b" top: "y" bias_param {{ axis: {axis} }} }}'
    )
    net = nets.build({"x": SHAPE, "b": shape}, text)
    nets.agree(net, _expected(x, b, axis % 4), x=x, b=b, opsets=(11, 12, 13, 21))


def test_sizes_left_open(nets: Nets, rng: np.random.Generator) -> None:
    x, b = rng.normal(size=(4, 3, 2, 6)).astype(np.float32), rng.normal(size=(4, 3)).astype(np.float32)
    text = 'layer { name: "l" type: "Bias" bottom: "x" bottom: "b" top: "y" bias_param { axis: 0 } }'
    net = nets.build({"x": SHAPE, "b": (2, 3)}, text, dynamic={"x": (0, 2, 3), "b": (0,)})
    nets.agree(net, _expected(x, b, 0), x=x, b=b, opsets=(11, 13))


def test_in_place(nets: Nets) -> None:
    text = 'layer { name: "l" type: "Bias" bottom: "x" top: "x" }'
    net = nets.build({"x": (1, 2)}, text, {"l": [np.float32([10, 20])]})
    nets.agree(net, [[11, 22]], x=[[1, 2]])


def test_stated_filler(nets: Nets) -> None:
    nets.agree(nets.single("Bias", (1, 2), "bias_param { filler { value: 3 } }"), [[4, 5]], x=[[1, 2]])


def test_missing_without_filler(nets: Nets) -> None:
    assert (
        nets.code_of_fault({"x": (1, 2)}, 'layer { name: "l" type: "Bias" bottom: "x" top: "y" }') == "CTK511"
    )


@pytest.mark.parametrize(
    "body", ["axis: 4", "axis: -5", "num_axes: -2", "num_axes: 4", "axis: 3 num_axes: 2"]
)
def test_axes_that_do_not_exist(nets: Nets, body: str) -> None:
    text = f'layer {{ name: "l" type: "Bias" bottom: "x" top: "y" bias_param {{ {body} }} }}'
    assert nets.code_of_fault({"x": SHAPE}, text) == "CTK507"


@pytest.mark.parametrize("shape", [(4,), (3, 5), (3, 4, 5, 1)])
def test_second_bottom_that_does_not_fit(nets: Nets, shape: tuple[int, ...]) -> None:
    text = 'layer { name: "l" type: "Bias" bottom: "x" bottom: "b" top: "y" }'
    assert nets.code_of_fault({"x": SHAPE, "b": shape}, text) == "CTK508"


def test_blob_beside_a_second_bottom(nets: Nets) -> None:
    text = 'layer { name: "l" type: "Bias" bottom: "x" bottom: "b" top: "y" }'
    assert nets.code_of_fault({"x": (1, 2), "b": (2,)}, text, {"l": [np.float32([1, 2])]}) == "CTK510"


def test_number_of_bottoms(nets: Nets) -> None:
    text = 'layer { name: "l" type: "Bias" bottom: "x" bottom: "b" bottom: "c" top: "y" }'
    assert nets.code_of_fault({"x": (1, 2), "b": (2,), "c": (2,)}, text) == "CTK505"
