"""Log against math.log."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from layer_nets import Nets

X = np.float32([1e-6, 0.1, 0.5, 1, 2, 10, 1e4, 1e9]).reshape(1, 2, 2, 2)


def _f(number: float) -> float:
    return float(np.float32(number))


@pytest.mark.parametrize(
    ("base", "scale", "shift"),
    [(-1, 1, 0), (2, 1, 0), (10, 3, 0), (-1, 1, 1.5), (0.5, 0.25, 2), (-1, -1, 2e9), (10, 0, 7)],
)
def test_formula(nets: Nets, base: Any, scale: float, shift: float) -> None:
    root = math.e if base == -1 else _f(base)
    expected = [math.log(_f(shift) + _f(scale) * v) / math.log(root) for v in X.ravel().tolist()]
    net = nets.single("Log", X.shape, f"log_param {{ base: {base} scale: {scale} shift: {shift} }}")
    nets.agree(net, np.reshape(expected, X.shape), x=X)


def test_of_nothing_and_below(nets: Nets) -> None:
    net = nets.single("Log", (3,))
    x = np.float32([-1, 0, 1])
    for found in (*nets.onnx(net, 13, x=x).values(), *nets.oracle(net, x=x).values()):
        assert math.isnan(found[0])
        assert found[1:].tolist() == [-math.inf, 0]


def test_in_place(nets: Nets) -> None:
    net = nets.build({"x": (2,)}, 'layer { name: "l" type: "Log" bottom: "x" top: "x" }')
    nets.agree(net, [math.log(3), math.log(0.5)], x=[3, 0.5])


@pytest.mark.parametrize("base", ["0", "1", "-3", "inf", "nan"])
def test_bases_without_a_logarithm(nets: Nets, base: Any) -> None:
    text = f'layer {{ name: "l" type: "Log" bottom: "x" top: "y" log_param {{ base: {base} }} }}'
    assert nets.code_of_fault({"x": (2,)}, text) == "CTK507"


def test_factors_of_one_are_left_out(nets: Nets) -> None:
    assert nets.operators(nets.single("Log", (2,))) == ["Log"]
    assert nets.operators(nets.single("Log", (2,), "log_param { scale: 2 }")) == ["Mul", "Log"]
