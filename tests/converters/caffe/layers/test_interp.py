"""Interp against the four neighbours of every pixel, and OpenCV's importer."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from layer_nets import Nets, one_layer
from numpy.typing import NDArray


def _interp(body: str) -> str:
    return f"interp_param {{ {body} }}"


def _at(i: int, old: int, new: int) -> tuple[int, int, float]:
    """Neighbours of position i, and the weight of the second."""
    place = Fraction(i * (old - 1), new - 1) if new > 1 else Fraction(0)
    low = int(place)
    return low, min(low + 1, old - 1), float(place - low)


def _resized(x: NDArray[np.floating], height: int, width: int) -> NDArray[np.float64]:
    x = x.astype(np.float64)
    top = np.zeros((*x.shape[:2], height, width))
    for i in range(height):
        a, b, down = _at(i, x.shape[2], height)
        for j in range(width):
            c, d, right = _at(j, x.shape[3], width)
            upper = x[:, :, a, c] * (1 - right) + x[:, :, a, d] * right
            lower = x[:, :, b, c] * (1 - right) + x[:, :, b, d] * right
            top[:, :, i, j] = upper * (1 - down) + lower * down
    return top


@pytest.mark.parametrize(
    ("body", "height", "width"),
    [
        ("zoom_factor: 2", 9, 11),
        ("zoom_factor: 8", 33, 41),
        ("shrink_factor: 2", 3, 3),
        ("shrink_factor: 3", 2, 2),
        ("shrink_factor: 2 zoom_factor: 3", 7, 7),
        ("height: 7 width: 4", 7, 4),
        ("height: 1 width: 1", 1, 1),
        ("height: 5 width: 6", 5, 6),
        ("zoom_factor: 1", 5, 6),
        ("height: 3 zoom_factor: 2", 9, 11),
    ],
)
def test_resizes(nets: Nets, rng: np.random.Generator, body: str, height: int, width: int) -> None:
    x = rng.normal(size=(2, 3, 5, 6)).astype(np.float32)
    net = nets.single("Interp", x.shape, _interp(body))
    nets.agree(net, _resized(x, height, width), x=x, opsets=range(11, 22), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(
    ("body", "beg", "end"), [("pad_beg: -1 pad_end: -2", 1, 2), ("pad_beg: -1", 1, 0), ("pad_end: -3", 0, 3)]
)
def test_crops_first(nets: Nets, rng: np.random.Generator, body: str, beg: int, end: int) -> None:
    x = rng.normal(size=(1, 2, 6, 7)).astype(np.float32)
    cropped = x[:, :, beg : 6 - end, beg : 7 - end]
    expected = _resized(cropped, cropped.shape[2] * 2 - 1, cropped.shape[3] * 2 - 1)
    net = nets.single("Interp", x.shape, _interp(f"zoom_factor: 2 {body}"))
    nets.agree(net, expected, x=x, rtol=1e-5, atol=2e-6)


def test_from_one_pixel(nets: Nets) -> None:
    net = nets.single("Interp", (1, 1, 1, 1), _interp("height: 3 width: 2"))
    nets.agree(net, [[[[7, 7]] * 3]], x=[[[[7]]]])


@pytest.mark.parametrize("body", ["zoom_factor: 4", "height: 9 width: 3"])  # it knows no shrink_factor
def test_as_opencv(nets: Nets, opencv: Callable[..., Any], rng: np.random.Generator, body: str) -> None:
    x = rng.normal(size=(1, 3, 5, 6)).astype(np.float32)
    found = opencv(x.shape, one_layer("Interp", _interp(body)), x)
    np.testing.assert_allclose(_resized(x, *found.shape[2:]), found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("body", "height", "width"),
    [("zoom_factor: 2", 15, 11), ("shrink_factor: 2 zoom_factor: 3", 10, 7), ("height: 4 width: 9", 4, 9)],
)
def test_dynamic_sizes(nets: Nets, rng: np.random.Generator, body: str, height: int, width: int) -> None:
    net = nets.single("Interp", (1, 2, 4, 4), _interp(body), dynamic={"x": (0, 2, 3)})
    x = rng.normal(size=(2, 2, 8, 6)).astype(np.float32)
    nets.agree(net, _resized(x, height, width), x=x, opsets=(11, 12, 13, 18, 19, 21), rtol=1e-5, atol=2e-6)


def test_dynamic_and_cropped(nets: Nets, rng: np.random.Generator) -> None:
    body = _interp("zoom_factor: 2 pad_beg: -1 pad_end: -1")
    net = nets.single("Interp", (1, 2, 4, 4), body, dynamic={"x": (2,)})
    x = rng.normal(size=(1, 2, 9, 4)).astype(np.float32)
    nets.agree(net, _resized(x[:, :, 1:-1, 1:-1], 13, 3), x=x, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(
    ("shape", "body", "code"),
    [
        ((1, 1, 4, 4), "", "CTK507"),
        ((1, 1, 4, 4), "height: 3", "CTK507"),
        ((1, 1, 4, 4), "height: 3 width: 3 zoom_factor: 2", "CTK507"),
        ((1, 1, 4, 4), "height: 0 width: 3", "CTK507"),
        ((1, 1, 4, 4), "height: -2 width: -3", "CTK507"),
        ((1, 1, 4, 4), "zoom_factor: 0", "CTK507"),
        ((1, 1, 4, 4), "shrink_factor: -1", "CTK507"),
        ((1, 1, 4, 4), "zoom_factor: 2 pad_beg: 1", "CTK507"),
        ((1, 1, 4, 4), "zoom_factor: 2 pad_beg: -2 pad_end: -2", "CTK508"),
        ((1, 4, 4), "zoom_factor: 2", "CTK508"),
        ((1, 1, 400, 400), "zoom_factor: 2000000000", "CTK508"),
    ],
)
def test_refuses(nets: Nets, shape: tuple[int, ...], body: str, code: str) -> None:
    assert nets.code_of_fault({"x": shape}, one_layer("Interp", _interp(body))) == code


def test_in_place_only_where_nothing_changes(nets: Nets) -> None:
    first = one_layer("Power", "power_param { shift: 1 }")
    text = first + one_layer("Interp", _interp("zoom_factor: %d"), ("y",)).replace('name: "l"', 'name: "m"')
    nets.agree(nets.build({"x": (1, 1, 1, 2)}, text % 1), [[[[1, 2]]]], x=[[[[0, 1]]]])
    assert nets.code_of_fault({"x": (1, 1, 1, 2)}, text % 2) == "CTK505"
