"""Slice against columns picked in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray

X = np.arange(2 * 6 * 3, dtype=np.float32).reshape(2, 6, 3)


def _slice(tops: int, body: str = "", bottom: str = "x") -> str:
    named = " ".join(f'top: "t{i}"' for i in range(tops))
    return f'layer {{ name: "l" type: "Slice" bottom: "{bottom}" {named} slice_param {{ {body} }} }}'


def _parts(x: NDArray[np.float32], axis: int, bounds: Sequence[int]) -> list[NDArray[np.float32]]:
    return [np.stack([x.take(i, axis) for i in range(a, b)], axis) for a, b in pairwise(bounds)]


def _check(
    nets: Nets,
    text: str,
    x: NDArray[np.float32],
    parts: list[NDArray[np.float32]],
    opsets: Sequence[int],
    shape: Sequence[int] | None = None,
    dynamic: Sequence[int] = (),
) -> None:
    net = nets.build({"x": shape or x.shape}, text, dynamic={"x": dynamic})
    assert net.outputs == tuple(f"t{i}" for i in range(len(parts)))
    runs = [nets.oracle(net, x=x), *(nets.onnx(net, opset, x=x) for opset in opsets)]
    for found in runs:
        for i, part in enumerate(parts):
            np.testing.assert_array_equal(found[f"t{i}"], part, strict=False)
            assert found[f"t{i}"].shape == part.shape


@pytest.mark.parametrize(
    ("tops", "body", "axis", "bounds"),
    [
        (2, "", 1, (0, 3, 6)),
        (3, "axis: -2", 1, (0, 2, 4, 6)),
        (6, "slice_dim: 1", 1, (0, 1, 2, 3, 4, 5, 6)),
        (2, "slice_point: 5", 1, (0, 5, 6)),
        (3, "slice_point: 1 slice_point: 3", 1, (0, 1, 3, 6)),
        (3, "axis: 2", 2, (0, 1, 2, 3)),
        (2, "axis: 0", 0, (0, 1, 2)),
        (2, "slice_dim: 2 slice_point: 1", 2, (0, 1, 3)),
        (1, "", 1, (0, 6)),
    ],
)
def test_cuts(nets: Nets, tops: int, body: str, axis: int, bounds: tuple[int, ...]) -> None:
    _check(nets, _slice(tops, body), X, _parts(X, axis, bounds), range(11, 22))


def test_dynamic_other_axes(nets: Nets) -> None:
    x = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    _check(nets, _slice(2), x, _parts(x, 1, (0, 2, 4)), (11, 13, 18, 21), (1, 4, 2), (0, 2))


def test_dynamic_axis_into_equal_parts(nets: Nets) -> None:
    x = np.arange(3 * 8, dtype=np.float32).reshape(3, 8)
    _check(nets, _slice(2), x, _parts(x, 1, (0, 4, 8)), (11, 13, 17, 18, 21), (3, 2), (1,))


def test_dynamic_axis_at_points(nets: Nets) -> None:
    x = np.arange(3 * 8, dtype=np.float32).reshape(3, 8)
    text = _slice(3, "slice_point: 1 slice_point: 2")
    _check(nets, text, x, _parts(x, 1, (0, 1, 2, 8)), (11, 13, 18, 21), (3, 4), (1,))


@pytest.mark.parametrize(
    ("tops", "body", "code"),
    [
        (4, "", "CTK508"),
        (7, "", "CTK508"),
        (2, "axis: 1 slice_dim: 1", "CTK507"),
        (2, "axis: 3", "CTK507"),
        (2, "slice_dim: 3", "CTK507"),
        (2, "slice_dim: 4294967294", "CTK507"),
        (3, "slice_point: 2", "CTK507"),
        (1, "slice_point: 2", "CTK507"),
        (3, "slice_point: 3 slice_point: 3", "CTK507"),
        (3, "slice_point: 4 slice_point: 3", "CTK507"),
        (2, "slice_point: 0", "CTK507"),
        (2, "slice_point: 6", "CTK507"),
        (2, "slice_point: 4294967295", "CTK507"),
    ],
)
def test_refuses(nets: Nets, tops: int, body: str, code: str) -> None:
    assert nets.code_of_fault({"x": X.shape}, _slice(tops, body)) == code


def test_in_place_only_with_one_top(nets: Nets) -> None:
    power = 'layer { name: "p" type: "Power" bottom: "x" top: "t0" power_param { shift: 1 } }'
    net = nets.build({"x": X.shape}, power + _slice(1, bottom="t0"))
    np.testing.assert_array_equal(nets.onnx(net, 13, x=X)["t0"], X + 1)
    assert nets.code_of_fault({"x": X.shape}, power + _slice(2, bottom="t0")) == "CTK505"
    assert nets.code_of_fault({"x": X.shape}, power + _slice(0)) == "CTK505"
