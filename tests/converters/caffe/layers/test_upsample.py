"""Upsample: pixel (i, j) of the top is pixel (i // scale, j // scale) of the bottom."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets, one_layer


def _upsample(body: str) -> str:
    return f"upsample_param {{ {body} }}"


@pytest.mark.parametrize(("body", "scale"), [("scale: 2", 2), ("scale: 3", 3), ("scale: 7", 7), ("", 1)])
def test_repeats_pixels(nets: Nets, rng: np.random.Generator, body: str, scale: int) -> None:
    x = rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    expected = np.zeros((2, 3, 4 * scale, 5 * scale))
    for i, j in np.ndindex(4 * scale, 5 * scale):
        expected[:, :, i, j] = x[:, :, i // scale, j // scale]
    net = nets.single("Upsample", x.shape, _upsample(body))
    nets.agree(net, expected, x=x, opsets=range(11, 22), rtol=0, atol=0)


def test_dynamic_sizes(nets: Nets) -> None:
    net = nets.single("Upsample", (1, 1, 2, 2), _upsample("scale: 2"), dynamic={"x": (0, 2, 3)})
    nets.agree(net, [[[[1, 1, 2, 2, 3, 3]] * 2]], x=[[[[1, 2, 3]]]])


@pytest.mark.parametrize(
    ("shape", "body", "code"),
    [
        ((1, 1, 2, 2), "scale: 0", "CTK507"),
        ((1, 2, 2), "scale: 2", "CTK508"),
        ((1, 1, 2, 2), "scale: 2 upsample_h: 4", "CTK506"),
        ((1, 1, 2, 2), "scale: 2 pad_out_w: true", "CTK506"),
    ],
)
def test_refuses(nets: Nets, shape: tuple[int, ...], body: str, code: str) -> None:
    assert nets.code_of_fault({"x": shape}, one_layer("Upsample", _upsample(body))) == code


def test_refuses_a_mask_and_in_place(nets: Nets) -> None:
    with_mask = one_layer("Upsample", _upsample("scale: 2"), ("x", "m"))
    assert nets.code_of_fault({"x": (1, 1, 2, 2), "m": (1, 1, 2, 2)}, with_mask) == "CTK506"
    in_place = one_layer("Upsample", _upsample("scale: 2"), top="x")
    assert nets.code_of_fault({"x": (1, 1, 2, 2)}, in_place) == "CTK505"
