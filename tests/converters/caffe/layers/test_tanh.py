"""TanH against math.tanh."""

from __future__ import annotations

import math

import numpy as np
from layer_nets import Nets


def test_over_the_whole_range(nets: Nets) -> None:
    x = np.float32([-1e5, -9, -1, -1e-3, 0, 1e-3, 0.5, 1, 9, 1e5]).reshape(1, 5, 2)
    expected = np.reshape([math.tanh(v) for v in x.ravel().tolist()], x.shape)
    nets.agree(nets.single("TanH", x.shape), expected, x=x)


def test_in_place(nets: Nets) -> None:
    net = nets.build({"x": (3,)}, 'layer { name: "l" type: "TanH" bottom: "x" top: "x" }')
    nets.agree(net, [math.tanh(v) for v in (-1, 0, 2)], x=[-1, 0, 2])
