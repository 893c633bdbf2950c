"""Power against Python's **, and the cases in which the bottom does not count."""

from __future__ import annotations

import math

import numpy as np
import pytest
from layer_nets import Nets

X = np.float32([-7, -1.5, -1, -0.25, 0.5, 1, 2, 30]).reshape(1, 2, 2, 2)


def _f(number: float) -> float:
    return float(np.float32(number))


def _param(power: float, scale: float, shift: float) -> str:
    return f"power_param {{ power: {power} scale: {scale} shift: {shift} }}"


@pytest.mark.parametrize(
    ("power", "scale", "shift"),
    [
        (1, 1, 0),
        (1, 0.3, 0),
        (1, 1, -2),
        (1, -0.017, 5),
        (2, 1, 0),
        (3, -1, 0.5),
        (-1, 2, 0.7),
        (-2, 1, 0),
        (0.5, 1, 7),
        (2.5, 0.1, 0.75),
    ],
)
def test_formula(nets: Nets, power: float, scale: float, shift: float) -> None:
    expected = [(_f(shift) + _f(scale) * v) ** _f(power) for v in X.ravel().tolist()]
    nets.agree(nets.single("Power", X.shape, _param(power, scale, shift)), np.reshape(expected, X.shape), x=X)


def test_does_nothing_by_default(nets: Nets) -> None:
    net = nets.single("Power", X.shape)
    nets.agree(net, X, x=X, rtol=0, atol=0)
    assert nets.operators(net) == ["Identity"]


@pytest.mark.parametrize(
    ("power", "scale", "shift", "value"),
    [
        (0, 1, 0, 1),
        (0, 3, -2, 1),
        (2, 0, -3, 9),
        (0.5, 0, 4, 2),
        (1, 0, 0, 0),
        (-1, 0, 0, math.inf),
        (0.5, 0, -1, math.nan),
        (1e-30, 1e-30, 2, 1),
    ],
)
def test_constant_whatever_the_bottom_holds(
    nets: Nets, power: float, scale: float, shift: float, value: float
) -> None:
    x = np.float32([[math.inf, -math.inf, math.nan], [0, 1, -5]])
    net = nets.single("Power", x.shape, _param(power, scale, shift))
    nets.agree(net, np.full(x.shape, value), x=x)


def test_constant_of_a_size_left_open(nets: Nets) -> None:
    net = nets.single("Power", (2, 3), _param(0, 1, 0), dynamic={"x": (0, 1)})
    nets.agree(net, np.ones((5, 7)), x=np.zeros((5, 7)))


def test_roots_of_negative_numbers(nets: Nets) -> None:
    net = nets.single("Power", (3,), "power_param { power: 0.5 }")
    x = np.float32([-4, 0, 4])
    for found in (*nets.onnx(net, 13, x=x).values(), *nets.oracle(net, x=x).values()):
        assert math.isnan(found[0])
        assert found[1:].tolist() == [0, 2]


def test_in_place(nets: Nets) -> None:
    text = 'layer { name: "l" type: "Power" bottom: "x" top: "x" power_param { power: 2 shift: 1 } }'
    nets.agree(nets.build({"x": (2,)}, text), [4, 9], x=[1, -4])
