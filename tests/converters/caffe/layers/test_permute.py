"""Permute against one number after the other, and OpenCV's importer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layer_nets import Nets, one_layer

X = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)


def _permute(*order: int) -> str:
    return f"permute_param {{ {' '.join(f'order: {axis}' for axis in order)} }}"


@pytest.mark.parametrize(
    ("order", "full"),
    [
        ((0, 2, 3, 1), (0, 2, 3, 1)),
        ((3, 1), (3, 1, 0, 2)),
        ((1,), (1, 0, 2, 3)),
        ((3, 2, 1, 0), (3, 2, 1, 0)),
        ((0, 1), (0, 1, 2, 3)),
        ((), (0, 1, 2, 3)),
    ],
)
def test_moves_axes(nets: Nets, order: tuple[int, ...], full: tuple[int, ...]) -> None:
    expected = np.zeros([X.shape[axis] for axis in full])
    for at in np.ndindex(*X.shape):
        expected[tuple(at[axis] for axis in full)] = X[at]
    net = nets.single("Permute", X.shape, _permute(*order))
    nets.agree(net, expected, x=X, opsets=(11, 13, 21), rtol=0, atol=0)
    assert nets.operators(net) == (["Identity"] if full == (0, 1, 2, 3) else ["Transpose"])


def test_as_opencv(nets: Nets, opencv: Callable[..., Any]) -> None:
    body = _permute(0, 2, 3, 1)
    nets.agree(nets.single("Permute", X.shape, body), opencv(X.shape, one_layer("Permute", body), X), x=X)


def test_dynamic_sizes(nets: Nets) -> None:
    net = nets.single("Permute", (1, 3, 2, 2), _permute(0, 2, 3, 1), dynamic={"x": (0, 2, 3)})
    nets.agree(net, np.transpose(X, (0, 2, 3, 1)), x=X)


@pytest.mark.parametrize("order", [(4,), (0, 0), (4294967295,)])
def test_refuses(nets: Nets, order: tuple[int, ...]) -> None:
    assert nets.code_of_fault({"x": X.shape}, one_layer("Permute", _permute(*order))) == "CTK507"


def test_in_place_only_where_nothing_moves(nets: Nets) -> None:
    first = one_layer("Power", "power_param { shift: 1 }")
    still = one_layer("Permute", _permute(0), ("y",)).replace('name: "l"', 'name: "m"')
    nets.agree(nets.build({"x": X.shape}, first + still), X + 1, x=X)
    moved = one_layer("Permute", _permute(1), top="x")
    assert nets.code_of_fault({"x": (3, 3)}, moved) == "CTK505"
