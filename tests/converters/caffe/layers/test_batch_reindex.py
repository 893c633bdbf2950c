"""BatchReindex against items copied one by one."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets, one_layer

from toolkit.errors import BadInput

TWO = one_layer("BatchReindex", bottoms=("x", "i"))


@pytest.mark.parametrize("shape", [(4,), (4, 2), (4, 2, 3, 2)])
def test_picks_items(nets: Nets, rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    x = rng.normal(size=shape).astype(np.float32)
    picked = [3, 0, 0, 2, 1.75]  # the last is cut to 1
    expected = np.stack([x[int(n)] for n in picked])
    net = nets.build({"x": shape, "i": (5,)}, TWO)
    nets.agree(net, expected, x=x, i=picked, opsets=range(11, 22), rtol=0, atol=0)


def test_dynamic_batch(nets: Nets) -> None:
    net = nets.build({"x": (2, 2), "i": (2,)}, TWO, dynamic={"x": (0,), "i": (0,)})
    nets.agree(net, [[4, 5], [0, 1], [4, 5]], x=np.arange(6).reshape(3, 2), i=[2, 0, 2])


@pytest.mark.parametrize("index", [-1, 2, -0.5])
def test_an_index_outside_stops_the_oracle(nets: Nets, index: float) -> None:
    net = nets.build({"x": (2, 2), "i": (1,)}, TWO)
    with pytest.raises(BadInput) as caught:
        nets.oracle(net, x=np.zeros((2, 2), np.float32), i=np.float32([index]))
    assert caught.value.code == "CTK508"


@pytest.mark.parametrize(
    ("shapes", "code"), [({"x": (2, 2), "i": (1, 2)}, "CTK508"), ({"x": (), "i": (2,)}, "CTK508")]
)
def test_refuses_shapes(nets: Nets, shapes: dict[str, tuple[int, ...]], code: str) -> None:
    assert nets.code_of_fault(shapes, TWO) == code


def test_refuses_in_place_and_wrong_counts(nets: Nets) -> None:
    inputs = {"x": (2, 2), "i": (2,)}
    assert nets.code_of_fault(inputs, one_layer("BatchReindex", bottoms=("x", "i"), top="x")) == "CTK505"
    assert nets.code_of_fault(inputs, one_layer("BatchReindex", bottoms=("x",))) == "CTK505"
