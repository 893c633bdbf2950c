"""Threshold: strictly above is 1, the threshold itself is not above."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from layer_nets import Nets


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", [0, 0, 0, 1, 1]),
        ("threshold_param { threshold: 0.1 }", [0, 0, 0, 0, 1]),
        ("threshold_param { threshold: -1 }", [0, 0, 1, 1, 1]),
    ],
)
def test_strictly_above(nets: Nets, body: str, expected: Any) -> None:
    x = np.float32([-2, -1, 0, 0.1, 5]).reshape(1, 5)
    nets.agree(nets.single("Threshold", x.shape, body), [expected], x=x)


def test_in_place(nets: Nets) -> None:
    net = nets.build({"x": (2,)}, 'layer { name: "l" type: "Threshold" bottom: "x" top: "x" }')
    nets.agree(net, [0, 1], x=[-1, 2])
