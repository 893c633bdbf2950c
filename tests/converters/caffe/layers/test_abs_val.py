"""AbsVal against Python's abs()."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets


@pytest.mark.parametrize("shape", [(2, 3, 2, 2), (5,), ()])
def test_magnitude(nets: Nets, rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    x = rng.normal(0, 10, shape).astype(np.float32)
    expected = np.reshape([abs(v) for v in x.ravel().tolist()], shape)
    nets.agree(nets.single("AbsVal", shape), expected, x=x)


def test_refused_in_place(nets: Nets) -> None:
    text = 'layer { name: "l" type: "AbsVal" bottom: "x" top: "x" }'
    assert nets.code_of_fault({"x": (1, 2)}, text) == "CTK505"


def test_one_bottom_only(nets: Nets) -> None:
    text = 'layer { name: "l" type: "AbsVal" bottom: "x" bottom: "z" top: "y" }'
    assert nets.code_of_fault({"x": (1, 2), "z": (1, 2)}, text) == "CTK505"
