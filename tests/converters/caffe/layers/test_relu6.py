"""ReLU6 of the MobileNet forks, against its branches and OpenCV's importer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layer_nets import Nets

X = np.float32([-100, -3, -0.5, 0, 0.5, 5.75, 6, 6.5, 100, -40, 1, 2]).reshape(1, 3, 2, 2)


@pytest.mark.parametrize("slope", [0, 0.1, -0.5])
def test_branches(nets: Nets, slope: float) -> None:
    f = float(np.float32(slope))
    expected = [min(v if v > 0 else f * v, 6) for v in X.ravel().tolist()]
    net = nets.single("ReLU6", X.shape, f"relu6_param {{ negative_slope: {slope} }}")
    nets.agree(net, np.reshape(expected, X.shape), x=X)


def test_in_place(nets: Nets) -> None:
    net = nets.build({"x": (3,)}, 'layer { name: "l" type: "ReLU6" bottom: "x" top: "x" }')
    nets.agree(net, [0, 2, 6], x=[-1, 2, 7])


def test_as_opencv(nets: Nets, opencv: Callable[..., Any]) -> None:
    net = nets.single("ReLU6", X.shape)
    nets.agree(net, opencv(X.shape, 'layer { name: "l" type: "ReLU6" bottom: "x" top: "y" }', X), x=X)


def test_one_operator_without_slope(nets: Nets) -> None:
    assert nets.operators(nets.single("ReLU6", (2,))) == ["Clip"]
