"""ArgMax against a sort in plain Python."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray

OPSETS = (11, 12, 13, 18, 21)


def _best(line: list[float], k: int) -> list[tuple[float, int]]:
    """Pairs of value and position, largest pair first: of equal values the largest position."""
    return sorted(((value, place) for place, value in enumerate(line)), reverse=True)[:k]


def _along(x: NDArray[np.float32], axis: int, k: int, part: int) -> NDArray[np.float64]:
    top = np.zeros((*x.shape[:axis], k, *x.shape[axis + 1 :]))
    for rest in product(*(range(n) for i, n in enumerate(x.shape) if i != axis)):
        at = (*rest[:axis], slice(None), *rest[axis:])
        top[at] = [pair[part] for pair in _best(x[at].tolist(), k)]
    return top


def _tied(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return rng.integers(-2, 3, shape).astype(np.float32)


@pytest.mark.parametrize(("axis", "k"), [(0, 1), (1, 1), (1, 3), (-1, 2), (2, 5), (-4, 2)])
@pytest.mark.parametrize("values", [False, True])
def test_along_an_axis(nets: Nets, rng: np.random.Generator, axis: int, k: int, values: bool) -> None:
    x = _tied(rng, 2, 3, 5, 4)
    body = f"argmax_param {{ axis: {axis} top_k: {k} out_max_val: {str(values).lower()} }}"
    expected = _along(x, axis % 4, k, 0 if values else 1)
    nets.agree(nets.single("ArgMax", x.shape, body), expected, opsets=OPSETS, rtol=0, atol=0, x=x)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (2, 3, 2, 2), (2, 2, 1, 2, 2)])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("values", [False, True])
def test_of_whole_items(
    nets: Nets, rng: np.random.Generator, shape: tuple[int, ...], k: int, values: bool
) -> None:
    x = _tied(rng, *shape)
    rows = []
    for item in x:
        pairs = _best(item.ravel().tolist(), k)
        rows += [place for _, place in pairs] + ([value for value, _ in pairs] if values else [])
    expected = np.reshape(rows, (shape[0], 2 if values else 1, k, *[1] * (len(shape) - 3)))
    body = f"argmax_param {{ top_k: {k} out_max_val: {str(values).lower()} }}"
    nets.agree(nets.single("ArgMax", shape, body), expected, opsets=OPSETS, rtol=0, atol=0, x=x)


def test_of_one_axis_alone(nets: Nets) -> None:
    nets.agree(nets.single("ArgMax", (4,)), np.zeros((4, 1, 1)), x=np.arange(4))


def test_equal_numbers_give_the_largest_position(nets: Nets) -> None:
    net = nets.single("ArgMax", (1, 4), "argmax_param { top_k: 2 }")
    nets.agree(net, [[[3, 1]]], x=[[0, 7, -1, 7]], opsets=range(11, 22))


@pytest.mark.parametrize("body", ["", "argmax_param { axis: 2 }", "argmax_param { axis: 1 top_k: 2 }"])
def test_dynamic_sizes(nets: Nets, rng: np.random.Generator, body: str) -> None:
    net = nets.single("ArgMax", (1, 3, 4, 5), body, dynamic={"x": (0, 2, 3)})
    x = _tied(rng, 2, 3, 6, 7)
    if "axis: 2" in body:
        expected = _along(x, 2, 1, 1)
    elif "axis: 1" in body:
        expected = _along(x, 1, 2, 1)
    else:
        expected = np.reshape([_best(item.ravel().tolist(), 1)[0][1] for item in x], (2, 1, 1, 1))
    nets.agree(net, expected, opsets=OPSETS, rtol=0, atol=0, x=x)


@pytest.mark.parametrize(
    ("shape", "body", "code"),
    [
        ((2, 3), "argmax_param { top_k: 0 }", "CTK507"),
        ((2, 3), "argmax_param { top_k: 4 }", "CTK507"),
        ((2, 3), "argmax_param { top_k: 3 axis: 0 }", "CTK507"),
        ((2, 3), "argmax_param { axis: 2 }", "CTK507"),
        ((), "", "CTK508"),
    ],
)
def test_refuses(nets: Nets, shape: tuple[int, ...], body: str, code: str) -> None:
    assert (
        nets.code_of_fault({"x": shape}, f'layer {{ name: "l" type: "ArgMax" bottom: "x" top: "y" {body} }}')
        == code
    )


IN_PLACE = """
layer { name: "p" type: "Power" bottom: "x" top: "y" }
layer { name: "l" type: "ArgMax" bottom: "y" top: "y" argmax_param { axis: 1 top_k: %d } }
"""


def test_in_place_where_the_shape_stays(nets: Nets) -> None:
    net = nets.build({"x": (1, 3)}, IN_PLACE % 3)
    nets.agree(net, [[1, 2, 0]], x=[[1, 6, 5]])
    assert nets.code_of_fault({"x": (1, 3)}, IN_PLACE % 2) == "CTK505"
