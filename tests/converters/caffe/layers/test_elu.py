"""ELU against its two branches, number by number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from layer_nets import Nets


@pytest.mark.parametrize(
    ("body", "alpha"),
    [("", 1), ("elu_param { alpha: 0.3 }", np.float32(0.3)), ("elu_param { alpha: -2 }", -2)],
)
def test_branches(nets: Nets, body: str, alpha: float) -> None:
    x = np.float32([-1e4, -20, -2, -0.1, 0, 0.1, 3, 1e4]).reshape(2, 2, 2)
    expected = [v if v > 0 else float(alpha) * (math.exp(v) - 1) for v in x.ravel().tolist()]
    nets.agree(nets.single("ELU", x.shape, body), np.reshape(expected, x.shape), x=x)


def test_in_place(nets: Nets) -> None:
    net = nets.build({"x": (2,)}, 'layer { name: "l" type: "ELU" bottom: "x" top: "x" }')
    nets.agree(net, [math.exp(-1) - 1, 2], x=[-1, 2])
