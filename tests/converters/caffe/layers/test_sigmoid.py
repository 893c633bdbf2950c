"""Sigmoid against 1 / (1 + e^-x) in Python floats."""

from __future__ import annotations

import math

import numpy as np
from layer_nets import Nets


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def test_over_the_whole_range(nets: Nets) -> None:
    x = np.float32([-1e5, -200, -30, -8, -1, -0.1, 0, 0.1, 1, 8, 30, 1e5]).reshape(2, 1, 3, 2)
    expected = np.reshape([_sigmoid(v) for v in x.ravel().tolist()], x.shape)
    nets.agree(nets.single("Sigmoid", x.shape, "sigmoid_param { engine: CUDNN }"), expected, x=x)


def test_in_place(nets: Nets) -> None:
    net = nets.build({"x": (3,)}, 'layer { name: "l" type: "Sigmoid" bottom: "x" top: "x" }')
    nets.agree(net, [_sigmoid(v) for v in (-1, 0, 2)], x=[-1, 0, 2])


def test_two_tops(nets: Nets) -> None:
    text = 'layer { name: "l" type: "Sigmoid" bottom: "x" top: "y" top: "z" }'
    assert nets.code_of_fault({"x": (1, 2)}, text) == "CTK505"
