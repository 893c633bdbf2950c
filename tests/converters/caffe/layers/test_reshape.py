"""Reshape: sizes worked out by hand, numbers in their order."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets, one_layer

X = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)


def _reshape(dims: tuple[int, ...], more: str = "") -> str:
    return f"reshape_param {{ shape {{ {' '.join(f'dim: {d}' for d in dims)} }} {more} }}"


@pytest.mark.parametrize(
    ("dims", "more", "shape"),
    [
        ((4, 6), "", (4, 6)),
        ((0, -1), "", (2, 12)),
        ((0, 0, 0), "", (2, 3, 4)),
        ((-1, 1, 2), "", (12, 1, 2)),
        ((-1,), "", (24,)),
        ((2, 2), "axis: 2", (2, 3, 2, 2)),
        ((0, 1), "axis: 2", (2, 3, 4, 1)),
        ((0, -1), "axis: 1", (2, 3, 4)),
        ((6,), "num_axes: 2", (6, 4)),
        ((-1,), "axis: 1 num_axes: 2", (2, 12)),
        ((1,), "axis: -1", (2, 3, 4, 1)),
        ((1, 1), "axis: -4 num_axes: 0", (1, 1, 2, 3, 4)),
        ((1,), "axis: 1 num_axes: 0", (2, 1, 3, 4)),
        ((2, -1), "axis: -2", (2, 3, 2, 2)),
        ((3, 1, 0), "axis: 1 num_axes: 1", None),
        ((12, 0), "axis: 0 num_axes: 2", None),
        ((8, 0), "axis: 0 num_axes: 3", (8, 3)),
    ],
)
def test_sizes(nets: Nets, dims: tuple[int, ...], more: str, shape: tuple[int, ...] | None) -> None:
    text = one_layer("Reshape", _reshape(dims, more))
    if shape is None:
        assert nets.code_of_fault({"x": X.shape}, text) in {"CTK507", "CTK508"}
        return
    net = nets.build({"x": X.shape}, text)
    assert net.values["y"].shape == shape
    expected = np.fromiter(range(24), np.float64).reshape(shape)
    nets.agree(net, expected, x=X, opsets=(11, 14, 21), rtol=0, atol=0)


def test_to_no_axes_and_back(nets: Nets) -> None:
    net = nets.single("Reshape", (1, 1), _reshape(()))
    assert net.values["y"].shape == ()
    nets.agree(net, 5.0, x=[[5]], opsets=range(11, 22))
    nets.agree(nets.single("Reshape", (), _reshape((1, -1))), [[5.0]], x=5)


@pytest.mark.parametrize(
    ("dims", "more", "shape"),
    [
        ((0, -1), "", (4, 105)),
        ((0, 0, -1), "", (4, 3, 35)),
        ((-1,), "axis: 1", (4, 105)),
        ((-1, 1), "axis: 2 num_axes: 1", (4, 3, 5, 1, 7)),
        ((1,), "axis: 0 num_axes: 0", (1, 4, 3, 5, 7)),
        ((-1,), "axis: 0 num_axes: 2", (12, 5, 7)),
        ((1, 3), "axis: 1 num_axes: 1", (4, 1, 3, 5, 7)),
    ],
)
def test_dynamic_sizes(nets: Nets, dims: tuple[int, ...], more: str, shape: tuple[int, ...]) -> None:
    net = nets.single("Reshape", (1, 3, 2, 2), _reshape(dims, more), dynamic={"x": (0, 2, 3)})
    x = np.arange(420, dtype=np.float32).reshape(4, 3, 5, 7)
    nets.agree(net, np.fromiter(range(420), np.float64).reshape(shape), x=x, opsets=(11, 13, 18, 21))


def test_a_fixed_size_refuses_a_dynamic_one(nets: Nets) -> None:
    from toolkit.errors import BadInput

    with pytest.raises(BadInput) as caught:
        nets.single("Reshape", (2, 3), _reshape((2, 3)), dynamic={"x": (0,)})
    assert caught.value.code == "CTK508"


@pytest.mark.parametrize(
    ("dims", "more", "code"),
    [
        ((-1, -1), "", "CTK507"),
        ((-2, 12), "", "CTK507"),
        ((0, 0, 0, 0), "", "CTK507"),
        ((24,), "axis: 4", "CTK507"),
        ((24,), "axis: -5", "CTK507"),
        ((24,), "axis: 1 num_axes: 3", "CTK507"),
        ((24,), "num_axes: -2", "CTK507"),
        ((5, -1), "", "CTK508"),
        ((5, 5), "", "CTK508"),
        ((), "", "CTK508"),
    ],
)
def test_refuses(nets: Nets, dims: tuple[int, ...], more: str, code: str) -> None:
    assert nets.code_of_fault({"x": X.shape}, one_layer("Reshape", _reshape(dims, more))) == code


def test_refuses_in_place(nets: Nets) -> None:
    text = one_layer("Reshape", _reshape((0, 0, 0)), top="x")
    assert nets.code_of_fault({"x": X.shape}, text) == "CTK505"
