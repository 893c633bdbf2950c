"""Dropout: at TEST the bottom, untouched."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets


@pytest.mark.parametrize("body", ["", "dropout_param { dropout_ratio: 0.9 }", "phase: TEST"])
def test_identity(nets: Nets, rng: np.random.Generator, body: str) -> None:
    x = rng.normal(size=(2, 3, 2, 2)).astype(np.float32)
    nets.agree(nets.single("Dropout", x.shape, body), x, x=x, rtol=0, atol=0)


def test_in_place_keeps_its_name(nets: Nets) -> None:
    text = """
        layer { name: "r" type: "ReLU" bottom: "x" top: "y" }
        layer { name: "d" type: "Dropout" bottom: "y" top: "y" }"""
    net = nets.build({"x": (2,)}, text)
    assert net.outputs == ("y",)
    nets.agree(net, [0, 2], x=[-1, 2])


def test_random_when_the_layer_itself_trains(nets: Nets) -> None:
    text = 'layer { name: "l" type: "Dropout" bottom: "x" top: "y" phase: TRAIN }'
    assert nets.code_of_fault({"x": (2,)}, text) == "CTK507"
