"""ContrastiveLoss against a loop over the pairs."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets


def loss_layer(body: str = ""):
    return (
        'layer { name: "loss" type: "ContrastiveLoss" bottom: "a" bottom: "b" bottom: "same" top: "loss" '
        f"contrastive_loss_param {{ {body} }} }}"
    )


@pytest.mark.parametrize("shape", [(6, 3), (6, 3, 1, 1)])
@pytest.mark.parametrize("margin", [1, 2.5])
@pytest.mark.parametrize("legacy", [False, True])
def test_pairs_are_drawn_together_or_pushed_apart(
    nets: Nets, shape: tuple[int, ...], margin: float, legacy: bool
):
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=shape, scale=0.7).astype(np.float32) for _ in range(2))
    same = np.array([1, 0, 0.5, -1, 0, 2], np.float32)
    wanted = 0.0
    for x, y, flag in zip(a.reshape(6, 3), b.reshape(6, 3), same, strict=True):
        distance = float(np.linalg.norm(x.astype(np.float64) - y))
        if int(flag):
            wanted += distance**2
        else:
            wanted += max(margin - distance**2, 0) if legacy else max(margin - distance, 0) ** 2
    wanted /= 2 * 6
    net = nets.build(
        {"a": shape, "b": shape, "same": (6,)},
        loss_layer(f"margin: {margin} legacy_version: {str(legacy).lower()}"),
    )
    assert nets.oracle(net, a=a, b=b, same=same)["loss"] == pytest.approx(wanted)
    for opset in (11, 13, 18):
        assert nets.onnx(net, opset, a=a, b=b, same=same)["loss"] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    ("first", "second", "flags"),
    [
        ((6, 3), (6, 2), (6,)),
        ((6, 3, 2), (6, 3, 2), (6,)),
        ((6, 3), (6, 3), (5,)),
        ((6, 3), (6, 3), (6, 2)),
        ((6, 3), (5, 3), (6,)),
    ],
)
def test_what_does_not_fit_is_refused(
    nets: Nets, first: tuple[int, ...], second: tuple[int, ...], flags: tuple[int, ...]
):
    assert nets.code_of_fault({"a": first, "b": second, "same": flags}, loss_layer()) == "CTK508"


def test_two_bottoms_are_refused(nets: Nets):
    layer = loss_layer().replace('bottom: "same"', "")
    assert nets.code_of_fault({"a": (6, 3), "b": (6, 3)}, layer) == "CTK505"
