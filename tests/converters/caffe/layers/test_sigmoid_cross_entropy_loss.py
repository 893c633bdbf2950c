"""SigmoidCrossEntropyLoss against -t log(s) - (1 - t) log(1 - s) in extended precision."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray


def loss_layer(body: str = "", top: str = "loss"):
    return (
        f'layer {{ name: "loss" type: "SigmoidCrossEntropyLoss" bottom: "x" bottom: "t" top: "{top}" '
        f"{body} }}"
    )


def sample(*shape: int):
    rng = np.random.default_rng(0)
    return rng.normal(size=shape, scale=3).astype(np.float32), rng.random(shape).astype(np.float32)


def terms(x: NDArray[np.float32], t: NDArray[np.float32]):
    s = 1 / (1 + np.exp(-x.astype(np.longdouble)))
    return -t * np.log(s) - (1 - t) * np.log1p(-s)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 2, 2), (5,)])
@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("", "batch"),
        ("loss_param { normalize: true }", "valid"),
        ("loss_param { normalize: false }", "batch"),
        ("loss_param { normalization: FULL }", "all"),
        ("loss_param { normalization: VALID normalize: false }", "valid"),
        ("loss_param { normalization: NONE }", "one"),
        ("loss_param { normalization: VALID ignore_label: -1 }", "valid"),
        ("loss_param { normalization: FULL ignore_label: -1 }", "all"),
        ("loss_param { ignore_label: -1 }", "batch"),
    ],
)
def test_every_normalization(nets: Nets, shape: tuple[int, ...], body: str, rule: str):
    x, t = sample(*shape)
    if "ignore" in body:
        t.ravel()[::2] = -1
    counted = np.trunc(t) != -1
    total = float(terms(x, t)[counted].sum())
    wanted = total / {"batch": shape[0], "valid": counted.sum(), "all": x.size, "one": 1}[rule]
    net = nets.build({"x": shape, "t": shape}, loss_layer(body))
    assert nets.oracle(net, x=x, t=t)["loss"] == pytest.approx(wanted)
    for opset in (11, 13, 18):
        assert nets.onnx(net, opset, x=x, t=t)["loss"] == pytest.approx(wanted, rel=1e-5)


def test_large_numbers_do_not_overflow(nets: Nets):
    x = np.array([[1e30, -1e30, 500, -500]], np.float32)
    t = np.array([[1, 0, 0, 1]], np.float32)
    net = nets.build({"x": (1, 4), "t": (1, 4)}, loss_layer())
    assert nets.oracle(net, x=x, t=t)["loss"] == pytest.approx(1000)
    assert nets.onnx(net, 13, x=x, t=t)["loss"] == pytest.approx(1000)


@pytest.mark.parametrize(
    ("second", "top", "code"),
    [((3, 5), "loss", "CTK508"), ((4, 3), "loss", "CTK508"), ((3, 4), "x", "CTK505")],
)
def test_what_does_not_fit_is_refused(nets: Nets, second: tuple[int, ...], top: str, code: str):
    assert nets.code_of_fault({"x": (3, 4), "t": second}, loss_layer(top=top)) == code
