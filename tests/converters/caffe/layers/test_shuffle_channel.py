"""ShuffleChannel against channels dealt out one by one, and OpenCV's importer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layer_nets import Nets, one_layer


def _shuffle(group: int) -> str:
    return f"shuffle_channel_param {{ group: {group} }}"


@pytest.mark.parametrize("group", [1, 2, 3, 6])
@pytest.mark.parametrize("rest", [(), (2, 2), (3,)])
def test_deals_out(nets: Nets, group: int, rest: tuple[int, ...]) -> None:
    x = np.arange(2 * 6 * int(np.prod(rest)), dtype=np.float32).reshape(2, 6, *rest)
    rows = 6 // group
    expected = np.zeros(x.shape)
    for g in range(group):
        for member in range(rows):
            expected[:, member * group + g] = x[:, g * rows + member]
    net = nets.single("ShuffleChannel", x.shape, _shuffle(group))
    nets.agree(net, expected, x=x, opsets=(11, 13, 21), rtol=0, atol=0)


def test_as_opencv(nets: Nets, opencv: Callable[..., Any], rng: np.random.Generator) -> None:
    x = rng.normal(size=(1, 6, 2, 3)).astype(np.float32)
    found = opencv(x.shape, one_layer("ShuffleChannel", _shuffle(3)), x)
    nets.agree(nets.single("ShuffleChannel", x.shape, _shuffle(3)), found, x=x)


def test_dynamic_sizes(nets: Nets) -> None:
    net = nets.single("ShuffleChannel", (1, 4, 1), _shuffle(2), dynamic={"x": (0, 2)})
    nets.agree(net, [[[0, 0], [2, 2], [1, 1], [3, 3]]], x=[[[0, 0], [1, 1], [2, 2], [3, 3]]])


@pytest.mark.parametrize(
    ("shape", "group", "code"), [((1, 6), 4, "CTK507"), ((1, 6), 0, "CTK507"), ((6,), 2, "CTK508")]
)
def test_refuses(nets: Nets, shape: tuple[int, ...], group: int, code: str) -> None:
    assert nets.code_of_fault({"x": shape}, one_layer("ShuffleChannel", _shuffle(group))) == code


def test_in_place_only_where_nothing_moves(nets: Nets) -> None:
    first = one_layer("Power", "power_param { shift: 1 }")
    text = first + one_layer("ShuffleChannel", _shuffle(4), ("y",)).replace('name: "l"', 'name: "m"')
    nets.agree(nets.build({"x": (1, 4)}, text), [[1, 2, 3, 4]], x=[[0, 1, 2, 3]])
    assert nets.code_of_fault({"x": (1, 4)}, one_layer("ShuffleChannel", _shuffle(2), top="x")) == "CTK505"
