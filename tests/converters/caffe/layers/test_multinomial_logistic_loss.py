"""MultinomialLogisticLoss against its sum over the items."""

from __future__ import annotations

import math

import numpy as np
import pytest
from layer_nets import Nets


def loss_layer(tops: tuple[str, ...] = ("loss",)):
    named = " ".join(f'top: "{top}"' for top in tops)
    return f'layer {{ name: "mll" type: "MultinomialLogisticLoss" bottom: "p" bottom: "label" {named} }}'


@pytest.mark.parametrize("shape", [(3, 4), (3, 2, 2, 1)])
def test_the_mean_of_the_logarithms(nets: Nets, shape: tuple[int, ...]):
    p = np.random.default_rng(0).random(shape).astype(np.float32)
    p[0] = 0  # counts as 1e-20
    label = np.array([[0], [3], [2]], np.float32)
    net = nets.build({"p": shape, "label": (3, 1)}, loss_layer())
    rows = p.reshape(3, 4)
    wanted = -(math.log(1e-20) + math.log(rows[1, 3]) + math.log(rows[2, 2])) / 3
    assert nets.oracle(net, p=p, label=label)["loss"] == pytest.approx(wanted)
    for opset in (11, 18):
        assert nets.onnx(net, opset, p=p, label=label)["loss"] == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("shape", "label", "code"),
    [((3, 4), (3, 2), "CTK508"), ((3, 4), (2,), "CTK508"), ((3, 1, 1, 2, 2), (3,), "CTK508")],
)
def test_what_does_not_fit_is_refused(nets: Nets, shape: tuple[int, ...], label: tuple[int, ...], code: str):
    assert nets.code_of_fault({"p": shape, "label": label}, loss_layer()) == code


def test_two_tops_are_refused(nets: Nets):
    assert nets.code_of_fault({"p": (3, 4), "label": (3,)}, loss_layer(("a", "b"))) == "CTK505"
