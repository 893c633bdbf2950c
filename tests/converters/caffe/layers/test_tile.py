"""Tile: element i of the long axis is element i modulo the old size."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets, one_layer

X = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)


def _tile(body: str) -> str:
    return f"tile_param {{ {body} }}"


@pytest.mark.parametrize(
    ("body", "axis", "tiles"),
    [("tiles: 2", 1, 2), ("axis: -1 tiles: 3", 2, 3), ("axis: 0 tiles: 4", 0, 4), ("tiles: 1", 1, 1)],
)
def test_repeats(nets: Nets, body: str, axis: int, tiles: int) -> None:
    size = X.shape[axis]
    expected = np.stack([X.take(i % size, axis) for i in range(size * tiles)], axis)
    net = nets.single("Tile", X.shape, _tile(body))
    nets.agree(net, expected, x=X, opsets=range(11, 22), rtol=0, atol=0)


def test_dynamic_sizes(nets: Nets) -> None:
    net = nets.single("Tile", (1, 2), _tile("tiles: 2"), dynamic={"x": (0, 1)})
    nets.agree(net, [[1, 2, 3, 1, 2, 3]], x=[[1, 2, 3]])


@pytest.mark.parametrize("body", ["", "tiles: 0", "tiles: -1", "axis: 3 tiles: 2"])
def test_refuses(nets: Nets, body: str) -> None:
    assert nets.code_of_fault({"x": X.shape}, one_layer("Tile", _tile(body))) == "CTK507"


def test_in_place_only_once(nets: Nets) -> None:
    text = one_layer("Power", "power_param { shift: 1 }") + one_layer(
        "Tile", _tile("tiles: %d"), ("y",)
    ).replace('name: "l"', 'name: "m"')
    nets.agree(nets.build({"x": X.shape}, text % 1), X + 1, x=X)
    assert nets.code_of_fault({"x": X.shape}, text % 2) == "CTK505"
