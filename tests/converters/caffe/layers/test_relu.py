"""ReLU without a slope; its formula is in test_pointwise.py."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets


@pytest.mark.parametrize("body", ["", "relu_param { negative_slope: 0 }"])
def test_without_a_slope_it_is_the_operator_that_runtimes_join_to_a_convolution(nets: Nets, body: str):
    net = nets.single("ReLU", (3,), body)
    assert nets.operators(net) == ["Relu"]
    # LeakyRelu of alpha 0 would make 0 * -inf of it, which is NaN.
    found = nets.onnx(net, 13, x=np.float32([-np.inf, -1, 2]))["y"]
    np.testing.assert_array_equal(found, [0, 0, 2])


def test_with_a_slope(nets: Nets):
    assert nets.operators(nets.single("ReLU", (3,), "relu_param { negative_slope: 0.5 }")) == ["LeakyRelu"]
