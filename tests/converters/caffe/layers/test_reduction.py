"""Reduction against Python's exact sums."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from layer_nets import Nets, one_layer

OPSETS = (11, 12, 13, 17, 18, 20, 21)
OPERATIONS: dict[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "ASUM": lambda line: math.fsum(map(abs, line)),
    "SUMSQ": lambda line: math.fsum(v * v for v in line),
    "MEAN": lambda line: math.fsum(line) / len(line),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
@pytest.mark.parametrize("coeff", [None, -1.25])
def test_sums(nets: Nets, rng: np.random.Generator, operation: str, axis: int, coeff: float | None) -> None:
    x = rng.normal(size=(2, 3, 5)).astype(np.float32)
    lead = x.shape[: axis % 3]
    lines = x.astype(np.float64).reshape(*lead, -1)
    expected = np.zeros(lead)
    for at in np.ndindex(*lead):
        expected[at] = OPERATIONS[operation](lines[at].tolist()) * (1 if coeff is None else coeff)
    body = f"operation: {operation} axis: {axis}" + ("" if coeff is None else f" coeff: {coeff}")
    net = nets.single("Reduction", x.shape, f"reduction_param {{ {body} }}")
    assert net.values["y"].shape == lead
    nets.agree(net, expected, x=x, opsets=OPSETS, rtol=1e-5, atol=3e-6)


def test_default_is_the_sum_of_everything(nets: Nets) -> None:
    nets.agree(nets.single("Reduction", (2, 2)), 10.0, x=[[1, 2], [3, 4]])


def test_dynamic_sizes(nets: Nets) -> None:
    body = "reduction_param { operation: MEAN axis: 1 coeff: 2 }"
    net = nets.single("Reduction", (1, 2), body, dynamic={"x": (0, 1)})
    nets.agree(net, [4, 10], x=[[1, 2, 3], [4, 5, 6]], opsets=OPSETS)


def test_refuses(nets: Nets) -> None:
    assert (
        nets.code_of_fault({"x": (2, 2)}, one_layer("Reduction", "reduction_param { axis: 2 }")) == "CTK507"
    )
    assert nets.code_of_fault({"x": ()}, one_layer("Reduction")) == "CTK507"
    assert nets.code_of_fault({"x": (2, 2)}, one_layer("Reduction", top="x")) == "CTK505"
