"""Clip: both bounds, and min where it exceeds max."""

from __future__ import annotations

from typing import Any

import pytest
from layer_nets import Nets

X = [-9, -1.5, -0.25, 0, 0.25, 4, 9]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ("-1", "2", [-1, -1, -0.25, 0, 0.25, 2, 2]),
        ("0", "6", [0, 0, 0, 0, 0.25, 4, 6]),
        ("3", "3", [3] * 7),
        ("2", "-1", [2] * 7),
        ("-inf", "0.25", [-9, -1.5, -0.25, 0, 0.25, 0.25, 0.25]),
    ],
)
def test_bounds(nets: Nets, low: str, high: str, expected: Any) -> None:
    net = nets.single("Clip", (1, 7), f"clip_param {{ min: {low} max: {high} }}")
    nets.agree(net, [expected], x=[X], opsets=(11, 12, 13, 21))


def test_without_parameters_both_bounds_are_zero(nets: Nets) -> None:
    nets.agree(nets.single("Clip", (7,)), [0] * 7, x=X)


def test_in_place(nets: Nets) -> None:
    text = 'layer { name: "l" type: "Clip" bottom: "x" top: "x" clip_param { min: 0 max: 1 } }'
    nets.agree(nets.build({"x": (3,)}, text), [0, 0.5, 1], x=[-1, 0.5, 2])


def test_needs_both_bounds(nets: Nets) -> None:
    text = 'layer { name: "l" type: "Clip" bottom: "x" top: "y" clip_param { min: 0 } }'
    assert nets.code_of_fault({"x": (3,)}, text) == "CTK507"
