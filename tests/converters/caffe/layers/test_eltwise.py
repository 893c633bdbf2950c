"""Eltwise against loops over positions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from layer_nets import Nets

SHAPE = (2, 3, 2, 2)


def _text(count: int, body: str = "", top: str = "y") -> str:
    bottoms = " ".join(f'bottom: "x{i}"' for i in range(count))
    return f'layer {{ name: "l" type: "Eltwise" {bottoms} top: "{top}" eltwise_param {{ {body} }} }}'


def _check(
    nets: Nets, rng: np.random.Generator, count: int, body: str, combine: Callable[[list[float]], float]
) -> None:
    given = {f"x{i}": rng.normal(0, 2, SHAPE).astype(np.float32) for i in range(count)}
    net = nets.build(dict.fromkeys(given, SHAPE), _text(count, body))
    expected = np.empty(SHAPE)
    for position in np.ndindex(*SHAPE):
        expected[position] = combine([float(x[position]) for x in given.values()])
    nets.agree(net, expected, **given, opsets=(11, 12, 13, 21))


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize(
    ("body", "combine"),
    [("", sum), ("operation: SUM", sum), ("operation: PROD", math.prod), ("operation: MAX", max)],
)
def test_operations(
    nets: Nets, rng: np.random.Generator, count: int, body: str, combine: Callable[[list[float]], float]
) -> None:
    _check(nets, rng, count, body, combine)


@pytest.mark.parametrize("coefficients", [(1, -1), (0.5, 2), (0, 0), (1, -0.1, 3)])
def test_coefficients(nets: Nets, rng: np.random.Generator, coefficients: tuple[float, ...]) -> None:
    body = " ".join(f"coeff: {c}" for c in coefficients)
    exact = [float(np.float32(c)) for c in coefficients]
    _check(nets, rng, len(coefficients), body, lambda v: sum(c * x for c, x in zip(exact, v, strict=True)))


def test_coefficients_mean_nothing_for_the_maximum(nets: Nets, rng: np.random.Generator) -> None:
    _check(nets, rng, 2, "operation: MAX coeff: 5 coeff: -3", max)


def test_the_same_blob_twice(nets: Nets) -> None:
    text = 'layer { name: "l" type: "Eltwise" bottom: "x" bottom: "x" top: "y" }'
    nets.agree(nets.build({"x": (2,)}, text), [2, -6], x=[1, -3])


def test_blobs_without_axes(nets: Nets) -> None:
    nets.agree(nets.build({"x0": (), "x1": ()}, _text(2, "operation: PROD")), 6, x0=2, x1=3)


def test_product_in_place(nets: Nets) -> None:
    net = nets.build({"x0": (2,), "x1": (2,)}, _text(2, "operation: PROD", top="x0"))
    nets.agree(net, [4, -6], x0=[1, 2], x1=[4, -3])


@pytest.mark.parametrize("operation", ["SUM", "MAX"])
def test_others_lose_their_first_bottom_in_place(nets: Nets, operation: str) -> None:
    text = _text(2, f"operation: {operation}", top="x0")
    assert nets.code_of_fault({"x0": (2,), "x1": (2,)}, text) == "CTK505"


@pytest.mark.parametrize(
    "body", ["coeff: 1", "coeff: 1 coeff: 1 coeff: 1", "operation: PROD coeff: 1 coeff: 2"]
)
def test_coefficients_that_do_not_fit(nets: Nets, body: str) -> None:
    assert nets.code_of_fault({"x0": (2,), "x1": (2,)}, _text(2, body)) == "CTK507"


@pytest.mark.parametrize("other", [(1, 3), (3, 2), (2, 3, 1), (3,)])
def test_nothing_is_broadcast(nets: Nets, other: tuple[int, ...]) -> None:
    assert nets.code_of_fault({"x0": (2, 3), "x1": other}, _text(2)) == "CTK508"


def test_needs_two_bottoms(nets: Nets) -> None:
    assert nets.code_of_fault({"x0": (2,)}, _text(1)) == "CTK505"
