"""LRN against loops over every neighbour; where the window is larger than the blob, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray

from converters.caffe.layers.registry import REACHES

SHAPE = (2, 7, 5, 4)


def _f(number: float) -> float:
    return float(np.float32(number))


def _across(x: Any, size: int, alpha: float, beta: float, k: float) -> NDArray[np.float64]:
    y = np.empty(x.shape)
    for n, c, h, w in np.ndindex(*x.shape):
        near = range(max(0, c - size // 2), min(x.shape[1], c + size // 2 + 1))
        total = sum(float(x[n, i, h, w]) ** 2 for i in near)
        y[n, c, h, w] = float(x[n, c, h, w]) / (_f(k) + _f(alpha) / size * total) ** _f(beta)
    return y


def _within(x: Any, size: int, alpha: float, beta: float) -> NDArray[np.float64]:
    y = np.empty(x.shape)
    half = size // 2
    for n, c, h, w in np.ndindex(*x.shape):
        total = sum(
            float(x[n, c, i, j]) ** 2
            for i in range(max(0, h - half), min(x.shape[2], h + half + 1))
            for j in range(max(0, w - half), min(x.shape[3], w + half + 1))
        )
        y[n, c, h, w] = float(x[n, c, h, w]) * (1 + _f(alpha) * total / size**2) ** -_f(beta)
    return y


def _body(size: int, alpha: float, beta: float, k: float, region: str) -> str:
    return (
        f"lrn_param {{ local_size: {size} alpha: {alpha} beta: {beta} k: {k} norm_region: {region} "
        "engine: CAFFE }"
    )


@pytest.mark.parametrize(
    ("size", "alpha", "beta", "k"),
    [
        (5, 1, 0.75, 1),
        (3, 1e-4, 0.75, 2),
        (1, 0.5, 0.5, 1),
        (13, 3, 1, 0.5),
        (101, 3, 1, 0.5),
        # onnxruntime's LRN takes only an alpha and a beta above 0
        (5, 0, 0.75, 2),
        (3, 1, 0, 2),
        (3, 2, -0.5, 1),
        (15, -0.001, 0.75, 1),
    ],
)
def test_across_channels(
    nets: Nets, rng: np.random.Generator, size: int, alpha: float, beta: float, k: float
) -> None:
    x = rng.normal(0, 2, SHAPE).astype(np.float32)
    net = nets.single("LRN", SHAPE, _body(size, alpha, beta, k, "ACROSS_CHANNELS"))
    nets.agree(net, _across(x, size, alpha, beta, k), x=x, opsets=(11, 13, 19, 21))


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize(
    ("size", "alpha", "beta"), [(3, 1, 0.75), (5, 0.3, 2), (1, 1, 0.5), (9, 4, 0.75), (13, 1, -1), (3, 0, 0)]
)
def test_within_channel(
    nets: Nets, rng: np.random.Generator, size: int, alpha: float, beta: float, k: float
) -> None:
    x = rng.normal(0, 2, SHAPE).astype(np.float32)
    net = nets.single("LRN", SHAPE, _body(size, alpha, beta, k, "WITHIN_CHANNEL"))
    nets.agree(net, _within(x, size, alpha, beta), x=x, opsets=(11, 13, 19, 21))


def test_defaults(nets: Nets, rng: np.random.Generator) -> None:
    x = rng.normal(0, 2, SHAPE).astype(np.float32)
    nets.agree(nets.single("LRN", SHAPE), _across(x, 5, 1, 0.75, 1), x=x)


@pytest.mark.parametrize("beta", [0.75, -0.5])
def test_sizes_left_open(nets: Nets, rng: np.random.Generator, beta: float) -> None:
    x = rng.normal(size=(1, 3, 6, 2)).astype(np.float32)
    across = nets.single(
        "LRN", (2, 3, 4, 4), _body(3, 1, beta, 1, "ACROSS_CHANNELS"), dynamic={"x": (0, 2, 3)}
    )
    nets.agree(across, _across(x, 3, 1, beta, 1), x=x)
    within = nets.single(
        "LRN", (2, 3, 4, 4), _body(3, 1, beta, 1, "WITHIN_CHANNEL"), dynamic={"x": (0, 2, 3)}
    )
    nets.agree(within, _within(x, 3, 1, beta), x=x)


def test_large_numbers(nets: Nets) -> None:
    # Caffe and onnxruntime slide a sum in float32, so numbers of one size only.
    x = np.float32([[[[1e15]], [[-1e15]], [[3e15]]]])
    nets.agree(
        nets.single("LRN", x.shape, _body(1, 1, 0.5, 1, "ACROSS_CHANNELS")), _across(x, 1, 1, 0.5, 1), x=x
    )


@pytest.mark.parametrize("size", [0, 2, 4, 2**31 - 1, 2**31 + 1, 2**32 - 1])
@pytest.mark.parametrize("region", ["ACROSS_CHANNELS", "WITHIN_CHANNEL"])
def test_sizes_that_caffe_refuses(nets: Nets, size: int, region: str) -> None:
    text = f'layer {{ name: "l" type: "LRN" bottom: "x" top: "y" {_body(size, 1, 1, 1, region)} }}'
    assert nets.code_of_fault({"x": SHAPE}, text) == "CTK507"


@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3, 4, 5)])
def test_four_axes_only(nets: Nets, shape: tuple[int, ...]) -> None:
    assert (
        nets.code_of_fault({"x": shape}, 'layer { name: "l" type: "LRN" bottom: "x" top: "y" }') == "CTK508"
    )


def test_in_place(nets: Nets, rng: np.random.Generator) -> None:
    text = 'layer {{ name: "l" type: "LRN" bottom: "x" top: "x" {} }}'
    assert nets.code_of_fault({"x": SHAPE}, text.format(_body(3, 1, 1, 1, "ACROSS_CHANNELS"))) == "CTK505"
    x = rng.normal(size=SHAPE).astype(np.float32)
    net = nets.build({"x": SHAPE}, text.format(_body(3, 1, 1, 1, "WITHIN_CHANNEL")))
    nets.agree(net, _within(x, 3, 1, 1), x=x)


def test_reach(nets: Nets) -> None:
    for region, reaches in (("WITHIN_CHANNEL", [(9, 1, False)] * 2), ("ACROSS_CHANNELS", [])):
        layer = nets.single("LRN", SHAPE, _body(9, 1, 1, 1, region)).layers[-1]
        assert [tuple(reach) for reach in REACHES["LRN"](layer)] == reaches


# Caffe's largest int is 2^31 - 1: elements of the blob with padded channels, or pixels of one window.
@pytest.mark.parametrize(("region", "largest"), [("ACROSS_CHANNELS", 536870909), ("WITHIN_CHANNEL", 46339)])
def test_largest_size(nets: Nets, region: str, largest: int) -> None:
    shape = (1, 2, 2, 2)
    nets.single("LRN", shape, _body(largest, 1, 1, 1, region))
    text = f'layer {{ name: "l" type: "LRN" bottom: "x" top: "y" {_body(largest + 2, 1, 1, 1, region)} }}'
    assert nets.code_of_fault({"x": shape}, text) == "CTK507"
