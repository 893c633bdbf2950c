"""Normalize of SSD against sums in a loop, and OpenCV's importer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray

from converters.caffe.layers.registry import REACHES

EPS = float(np.float32(1e-10))


def _expected(x: Any, scale: Any, across: bool, eps: float = EPS) -> NDArray[np.float64]:
    y = np.empty(x.shape)
    for position in np.ndindex(*x.shape):
        n, c, *pixel = position
        partners = x[n] if across else x[(n, slice(None), *pixel)]
        norm = math.sqrt(eps + sum(float(v) ** 2 for v in np.ravel(partners)))
        y[position] = float(x[position]) / norm * float(scale[c])
    return y


def _body(across: bool, shared: bool, rest: str = "") -> str:
    return (
        f"norm_param {{ across_spatial: {str(across).lower()} channel_shared: {str(shared).lower()} {rest} }}"
    )


@pytest.mark.parametrize("across", [True, False])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 4), (2, 3)])
def test_formula(
    nets: Nets, rng: np.random.Generator, shape: tuple[int, ...], across: bool, shared: bool
) -> None:
    x = rng.normal(1, 4, shape).astype(np.float32)
    scale = np.float32(20) if shared else np.float32([20, -3, 0.5])
    net = nets.single("Normalize", shape, _body(across, shared), [scale])
    expected = _expected(x, np.broadcast_to(scale, 3), across)
    nets.agree(net, expected, x=x, opsets=(11, 13, 17, 18, 21), atol=1e-5)


def test_defaults_sum_over_the_item_with_one_scale(nets: Nets, rng: np.random.Generator) -> None:
    x = rng.normal(size=(2, 3, 2, 2)).astype(np.float32)
    nets.agree(nets.single("Normalize", x.shape, blobs=[np.float32(2)]), _expected(x, [2] * 3, True), x=x)


@pytest.mark.parametrize(("across", "expected"), [(True, [0.6, 0.8]), (False, [3 / math.sqrt(18), 4 / 5])])
def test_eps_stands_within_the_root(nets: Nets, across: bool, expected: Any) -> None:
    # across: sqrt(9 + 16 + 0); per pixel: the second channel is 3 at the first pixel only
    if across:
        x, eps, shape = [[[[3, 4]]]], 0, (1, 1, 1, 2)
        found = [[[expected]]]
    else:
        x, eps, shape = [[[[3, 4]]]], 9, (1, 1, 1, 2)
        found = [[[[expected[0], 4 / math.sqrt(25)]]]]
    net = nets.single("Normalize", shape, _body(across, True, f"eps: {eps}"), [np.float32(1)])
    nets.agree(net, found, x=x)


def test_blob_of_zeros_stays_zero(nets: Nets) -> None:
    net = nets.single("Normalize", (1, 2, 1, 2), _body(False, True), [np.float32(20)])
    nets.agree(net, np.zeros((1, 2, 1, 2)), x=np.zeros((1, 2, 1, 2)))


def test_sizes_left_open(nets: Nets, rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 2, 5, 7)).astype(np.float32)
    for across in (True, False):
        net = nets.single(
            "Normalize", (1, 2, 3, 3), _body(across, False), [np.float32([1, 2])], dynamic={"x": (0, 2, 3)}
        )
        nets.agree(net, _expected(x, [1, 2], across), x=x, opsets=(11, 18))


def test_in_place(nets: Nets) -> None:
    text = 'layer { name: "l" type: "Normalize" bottom: "x" top: "x" }'
    nets.agree(nets.build({"x": (1, 2)}, text, {"l": [np.float32(1)]}), [[0.6, 0.8]], x=[[3, 4]])


def test_fillers(nets: Nets) -> None:
    body = _body(True, True, "scale_filler { value: 20 }")
    nets.agree(nets.single("Normalize", (1, 2), body), [[12, 16]], x=[[3, 4]])
    text = 'layer { name: "l" type: "Normalize" bottom: "x" top: "y" }'
    assert nets.code_of_fault({"x": (1, 2)}, text) == "CTK511"


def test_scale_of_another_shape(nets: Nets) -> None:
    text = f'layer {{ name: "l" type: "Normalize" bottom: "x" top: "y" {_body(False, False)} }}'
    assert nets.code_of_fault({"x": (1, 2, 1, 1)}, text, {"l": [np.float32(1)]}) == "CTK510"


@pytest.mark.parametrize("shape", [(3,), (1, 2, 1, 1, 1)])
def test_number_of_axes(nets: Nets, shape: tuple[int, ...]) -> None:
    text = 'layer { name: "l" type: "Normalize" bottom: "x" top: "y" }'
    assert nets.code_of_fault({"x": shape}, text) == "CTK508"


# OpenCV itself fails on the fourth combination, a norm across the item with a scale for each channel.
@pytest.mark.parametrize(("across", "shared"), [(True, True), (False, True), (False, False)])
def test_as_opencv(
    nets: Nets, rng: np.random.Generator, opencv: Callable[..., Any], across: bool, shared: bool
) -> None:
    shape = (1, 3, 4, 5)
    x = rng.normal(1, 4, shape).astype(np.float32)
    scale = np.float32(20) if shared else np.float32([20, -3, 0.5])
    body = _body(across, shared)
    layer = f'layer {{ name: "l" type: "Normalize" bottom: "x" top: "y" {body} }}'
    found = opencv(shape, layer, x, {"l": [np.reshape(scale, -1)]})
    (ours,) = nets.oracle(nets.single("Normalize", shape, body, [scale]), x=x).values()
    np.testing.assert_allclose(found, ours, rtol=1e-5, atol=1e-5)


def test_reach(nets: Nets) -> None:
    for across, extents in ((True, [4, 5]), (False, [1, 1])):
        layer = nets.single("Normalize", (1, 3, 4, 5), _body(across, True), [np.float32(1)]).layers[-1]
        assert [tuple(reach) for reach in REACHES["Normalize"](layer)] == [(e, 1, False) for e in extents]
