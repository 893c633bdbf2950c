"""Flatten: sizes worked out by hand, numbers in their order."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets, one_layer

CASES = [
    ("", (2, 60)),
    ("axis: 2", (2, 3, 20)),
    ("axis: -2", (2, 3, 20)),
    ("axis: 0", (120,)),
    ("axis: 1 end_axis: 2", (2, 12, 5)),
    ("axis: 0 end_axis: -3", (6, 4, 5)),
    ("axis: 3", (2, 3, 4, 5)),
    ("axis: 2 end_axis: 2", (2, 3, 4, 5)),
    ("axis: 2 end_axis: 1", (2, 3, 1, 4, 5)),
]
X = np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5)


def _flatten(body: str) -> str:
    return f"flatten_param {{ {body} }}"


@pytest.mark.parametrize(("body", "shape"), CASES)
def test_sizes(nets: Nets, body: str, shape: tuple[int, ...]) -> None:
    net = nets.single("Flatten", X.shape, _flatten(body))
    assert net.values["y"].shape == shape
    expected = np.fromiter(range(120), np.float64).reshape(shape)
    nets.agree(net, expected, x=X, opsets=(11, 14, 21), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ("", (4, 70)),
        ("axis: 2", (4, 2, 35)),
        ("axis: 0", (280,)),
        ("axis: 0 end_axis: 1", (8, 5, 7)),
        ("axis: 1 end_axis: 2", (4, 10, 7)),
        ("axis: 3 end_axis: 2", (4, 2, 5, 1, 7)),
    ],
)
def test_dynamic_sizes(nets: Nets, body: str, shape: tuple[int, ...]) -> None:
    net = nets.single("Flatten", (1, 2, 3, 3), _flatten(body), dynamic={"x": (0, 2, 3)})
    x = np.arange(280, dtype=np.float32).reshape(4, 2, 5, 7)
    nets.agree(net, np.fromiter(range(280), np.float64).reshape(shape), x=x, opsets=(11, 13, 18, 21))


@pytest.mark.parametrize("body", ["axis: 4", "end_axis: 4", "end_axis: -5", "axis: 3 end_axis: 1"])
def test_refuses_axes(nets: Nets, body: str) -> None:
    assert nets.code_of_fault({"x": X.shape}, one_layer("Flatten", _flatten(body))) == "CTK507"


def test_refuses_in_place_and_blobs_without_axes(nets: Nets) -> None:
    assert nets.code_of_fault({"x": X.shape}, one_layer("Flatten", top="x")) == "CTK505"
    assert nets.code_of_fault({"x": ()}, one_layer("Flatten")) == "CTK507"
