"""Swish against x / (1 + e^(-beta x)) in Python floats."""

from __future__ import annotations

import math

import numpy as np
import pytest
from layer_nets import Nets


def _swish(x: float, beta: float) -> float:
    return x / (1 + math.exp(-beta * x)) if beta * x > -700 else 0.0


@pytest.mark.parametrize(
    ("body", "beta"),
    [
        ("", 1),
        ("swish_param { beta: 1.702 }", 1.702),
        ("swish_param { beta: -0.5 }", -0.5),
        ("swish_param { beta: 0 }", 0),
    ],
)
def test_formula(nets: Nets, body: str, beta: float) -> None:
    x = np.float32([-1e6, -90, -5, -1, -0.1, 0, 0.1, 1, 5, 90, 1e6, 2]).reshape(1, 3, 2, 2)
    expected = [_swish(v, float(np.float32(beta))) for v in x.ravel().tolist()]
    nets.agree(nets.single("Swish", x.shape, body), np.reshape(expected, x.shape), x=x)


def test_in_place(nets: Nets) -> None:
    net = nets.build({"x": (2,)}, 'layer { name: "l" type: "Swish" bottom: "x" top: "x" }')
    nets.agree(net, [_swish(-1, 1), _swish(2, 1)], x=[-1, 2])


def test_a_beta_of_one_is_left_out(nets: Nets) -> None:
    assert nets.operators(nets.single("Swish", (2,))) == ["Sigmoid", "Mul"]
