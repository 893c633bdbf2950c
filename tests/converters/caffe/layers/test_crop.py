"""Crop against pixels picked one by one."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets, one_layer

X = np.arange(2 * 3 * 6 * 7, dtype=np.float32).reshape(2, 3, 6, 7)


def _crop(body: str = "") -> str:
    return one_layer("Crop", f"crop_param {{ {body} }}", ("x", "r"))


@pytest.mark.parametrize(
    ("body", "reference", "offsets"),
    [
        ("", (9, 9, 4, 5), (0, 0, 0, 0)),
        ("offset: 2", (9, 9, 4, 5), (0, 0, 2, 2)),
        ("offset: 1 offset: 2", (9, 9, 4, 5), (0, 0, 1, 2)),
        ("axis: -1 offset: 3", (9, 9, 9, 4), (0, 0, 0, 3)),
        ("axis: 1 offset: 1 offset: 0 offset: 2", (9, 2, 6, 5), (0, 1, 0, 2)),
        ("axis: 0", (1, 2, 3, 4), (0, 0, 0, 0)),
        ("axis: 3", (1, 1, 1, 2, 8), (0, 0, 0, 0)),
        ("", (2, 3, 6, 7), (0, 0, 0, 0)),
    ],
)
def test_cuts(nets: Nets, body: str, reference: tuple[int, ...], offsets: tuple[int, ...]) -> None:
    axis = int(body.split("axis: ")[1].split(maxsplit=1)[0]) % 4 if "axis" in body else 2
    size = (*X.shape[:axis], *reference[axis:4])
    expected = np.zeros(size)
    for at in np.ndindex(*size):
        expected[at] = X[tuple(i + o for i, o in zip(at, offsets, strict=True))]
    net = nets.build({"x": X.shape, "r": reference}, _crop(body))
    nets.agree(net, expected, x=X, r=np.zeros(reference), opsets=range(11, 22), rtol=0, atol=0)


def test_dynamic_reference(nets: Nets) -> None:
    body = "offset: 1 offset: 2"
    shapes = {"x": (1, 3, 20, 20), "r": (1, 3, 1, 1)}
    net = nets.build(shapes, _crop(body), dynamic={"r": (2, 3)})
    x = np.arange(3 * 400, dtype=np.float32).reshape(1, 3, 20, 20)
    nets.agree(net, x[:, :, 1:6, 2:9], x=x, r=np.zeros((1, 3, 5, 7)))


def test_dynamic_batch_only(nets: Nets) -> None:
    net = nets.build({"x": (1, 3, 6, 7), "r": (1, 3, 2, 2)}, _crop(), dynamic={"x": (0,), "r": (0,)})
    nets.agree(net, X[:, :, :2, :2], x=X, r=np.zeros((2, 3, 2, 2)))
    assert nets.operators(net) == ["Slice"]


@pytest.mark.parametrize(
    ("reference", "body", "code"),
    [
        ((2, 3, 6, 7), "offset: 1", "CTK508"),
        ((2, 3, 7, 7), "", "CTK508"),
        ((2, 3, 2), "", "CTK508"),
        ((2, 3, 2, 2), "offset: 4294967295", "CTK508"),
        ((2, 3, 2, 2), "offset: 0 offset: 0 offset: 0", "CTK507"),
        ((2, 3, 2, 2), "axis: 4", "CTK507"),
    ],
)
def test_refuses(nets: Nets, reference: tuple[int, ...], body: str, code: str) -> None:
    assert nets.code_of_fault({"x": X.shape, "r": reference}, _crop(body)) == code


def test_in_place_only_where_nothing_is_cut(nets: Nets) -> None:
    text = one_layer("Power", "power_param { shift: 1 }") + one_layer("Crop", "", ("y", "r")).replace(
        'name: "l"', 'name: "m"'
    )
    nets.agree(nets.build({"x": X.shape, "r": X.shape}, text), X + 1, x=X, r=X)
    assert nets.code_of_fault({"x": X.shape, "r": (2, 3, 1, 1)}, text) == "CTK505"
    assert nets.code_of_fault({"x": X.shape}, one_layer("Crop")) == "CTK505"
