"""BNLL against log(1 + e^x) in 60 digits."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
from layer_nets import Nets

VALUES = [-1e4, -104, -60, -30, -12, -3, -0.5, -1e-5, 0, 1e-5, 0.5, 3, 12, 49.5, 50.5, 89, 1e4, 3e38]


def _bnll(x: float) -> float:
    with localcontext() as context:
        context.prec = 60
        if x > 1000:  # e^x would need more digits than it is worth; the 1 is lost anyway
            return x
        return float((1 + Decimal(x).exp()).ln())


def test_no_overflow_and_no_lost_tail(nets: Nets) -> None:
    x = np.float32(VALUES).reshape(1, 2, 3, 3)
    expected = np.reshape([_bnll(v) for v in x.ravel().tolist()], x.shape)
    nets.agree(nets.single("BNLL", x.shape), expected, x=x, atol=1e-12)


def test_in_place(nets: Nets) -> None:
    net = nets.build({"x": (3,)}, 'layer { name: "l" type: "BNLL" bottom: "x" top: "x" }')
    nets.agree(net, [_bnll(v) for v in (-1, 0, 2)], x=[-1, 0, 2])
