"""Exp against Python's ** and math.exp."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from layer_nets import Nets

X = np.float32([-8, -1.5, -0.1, 0, 0.1, 1, 3.25, 8]).reshape(1, 2, 2, 2)


def _f(number: float) -> float:
    return float(np.float32(number))


@pytest.mark.parametrize(
    ("base", "scale", "shift"),
    [
        (-1, 1, 0),
        (-1, -0.7, 0),
        (-1, 1, 1.5),
        (2, 1, 0),
        (10, 0.3, -1.25),
        (0.5, -2, 3),
        (1, 4, 2),
        (-1, 0, 2),
    ],
)
def test_formula(nets: Nets, base: Any, scale: float, shift: float) -> None:
    root = math.e if base == -1 else _f(base)
    expected = [root ** (_f(shift) + _f(scale) * v) for v in X.ravel().tolist()]
    net = nets.single("Exp", X.shape, f"exp_param {{ base: {base} scale: {scale} shift: {shift} }}")
    nets.agree(net, np.reshape(expected, X.shape), x=X)


def test_overflows_to_infinity(nets: Nets) -> None:
    net = nets.single("Exp", (3,))
    x = np.float32([-1000, 0, 1000])
    (found,) = nets.onnx(net, 13, x=x).values()
    assert found.tolist() == [0, 1, math.inf]
    (exact,) = nets.oracle(net, x=x).values()
    assert exact.tolist() == [0, 1, math.inf]


def test_in_place(nets: Nets) -> None:
    net = nets.build({"x": (2,)}, 'layer { name: "l" type: "Exp" bottom: "x" top: "x" }')
    nets.agree(net, [math.exp(-1), math.exp(2)], x=[-1, 2])


@pytest.mark.parametrize("base", ["0", "-2", "inf", "nan"])
def test_base_must_be_positive_and_finite(nets: Nets, base: Any) -> None:
    text = f'layer {{ name: "l" type: "Exp" bottom: "x" top: "y" exp_param {{ base: {base} }} }}'
    assert nets.code_of_fault({"x": (2,)}, text) == "CTK507"


def test_factors_of_one_are_left_out(nets: Nets) -> None:
    assert nets.operators(nets.single("Exp", (2,))) == ["Exp"]
    assert nets.operators(nets.single("Exp", (2,), "exp_param { shift: 1 }")) == ["Exp", "Mul"]
