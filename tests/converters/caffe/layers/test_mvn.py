"""MVN against the statistics module, set by set."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray

from converters.caffe.layers.registry import REACHES

OPSETS = (11, 12, 13, 17, 18, 21)


def _expected(x: Any, across: bool, normalise: bool, eps: float) -> NDArray[np.float64]:
    """eps is added to the deviation, not under its root."""
    four = np.asarray(x, np.float64).reshape(*x.shape, *[1] * (4 - x.ndim))
    y = np.empty(four.shape)
    for n in range(four.shape[0]):
        for channels in [slice(None)] if across else [slice(c, c + 1) for c in range(four.shape[1])]:
            numbers = four[n, channels].ravel().tolist()
            mean = statistics.fmean(numbers)
            divisor = statistics.pstdev(numbers, mean) + eps if normalise else 1
            y[n, channels] = (four[n, channels] - mean) / divisor
    return y


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("across", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (3, 2, 6), (1, 1, 2, 3)])
def test_formula(
    nets: Nets, rng: np.random.Generator, shape: tuple[int, ...], across: bool, normalise: bool
) -> None:
    x = rng.normal(3, 2, shape).astype(np.float32)
    body = (
        f"mvn_param {{ across_channels: {str(across).lower()} normalize_variance: {str(normalise).lower()} }}"
    )
    expected = _expected(x, across, normalise, float(np.float32(1e-9)))
    nets.agree(nets.single("MVN", shape, body), expected, x=x, opsets=OPSETS)


def test_eps_stands_outside_the_root(nets: Nets) -> None:
    net = nets.single("MVN", (1, 1, 1, 2), "mvn_param { eps: 0.5 }")
    nets.agree(net, [[[[-1.5 / 2, 1.5 / 2]]]], x=[[[[0, 3]]]])


def test_a_matrix_becomes_four_axes(nets: Nets) -> None:
    nets.agree(nets.single("MVN", (1, 2)), np.zeros((1, 2, 1, 1)), x=[[3, 5]], opsets=(11, 13))
    net = nets.single("MVN", (1, 2), "mvn_param { across_channels: true eps: 1 }")
    nets.agree(net, np.reshape([-0.5, 0.5], (1, 2, 1, 1)), x=[[3, 5]])


def test_sizes_left_open(nets: Nets, rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 2, 5, 7)).astype(np.float32)
    net = nets.single("MVN", (1, 2, 3, 3), dynamic={"x": (0, 2, 3)})
    nets.agree(net, _expected(x, False, True, 1e-9), x=x, opsets=(11, 17, 18))


def test_in_place(nets: Nets) -> None:
    net = nets.build({"x": (1, 1, 1, 2)}, 'layer { name: "l" type: "MVN" bottom: "x" top: "x" }')
    nets.agree(net, [[[[-1, 1]]]], x=[[[[0, 3]]]])


def test_too_many_axes(nets: Nets) -> None:
    assert (
        nets.code_of_fault({"x": (1, 1, 1, 1, 2)}, 'layer { name: "l" type: "MVN" bottom: "x" top: "y" }')
        == "CTK508"
    )


@pytest.mark.parametrize(("shape", "extents"), [((1, 2, 3, 5), [3, 5]), ((1, 2), [])])
def test_reach(nets: Nets, shape: tuple[int, ...], extents: list[int]) -> None:
    layer = nets.single("MVN", shape).layers[-1]
    assert [tuple(reach) for reach in REACHES["MVN"](layer)] == [(extent, 1, False) for extent in extents]
