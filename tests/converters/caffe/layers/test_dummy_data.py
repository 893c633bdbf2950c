"""DummyData: constant tops, and the bilinear kernel by its formula."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets


def _dummy(body: str, tops: int = 1) -> str:
    named = " ".join(f'top: "t{i}"' for i in range(tops))
    return f'layer {{ name: "l" type: "DummyData" {named} dummy_data_param {{ {body} }} }}'


CONSTANT = 'data_filler { type: "constant" value: 1.5 }'


@pytest.mark.parametrize(
    ("body", "tops", "shapes", "values"),
    [
        ("shape { dim: 2 dim: 3 }", 1, [(2, 3)], [0]),
        (f"shape {{ dim: 2 }} {CONSTANT}", 2, [(2,), (2,)], [1.5, 1.5]),
        (
            f"shape {{ dim: 2 }} shape {{ dim: 1 dim: 4 }} {CONSTANT} data_filler {{ value: -2 }}",
            2,
            [(2,), (1, 4)],
            [1.5, -2],
        ),
        ("num: 2 channels: 3 height: 4 width: 5", 1, [(2, 3, 4, 5)], [0]),
        ("num: 2 num: 1 channels: 3 height: 4 width: 5", 2, [(2, 3, 4, 5), (1, 3, 4, 5)], [0, 0]),
        (f"shape {{ }} {CONSTANT}", 1, [()], [1.5]),
    ],
)
def test_constant_tops(
    nets: Nets, body: str, tops: int, shapes: list[tuple[int, ...]], values: list[float]
) -> None:
    net = nets.build({}, _dummy(body, tops))
    for found in (nets.oracle(net), *(nets.onnx(net, opset) for opset in (11, 13, 21))):
        for i, (shape, value) in enumerate(zip(shapes, values, strict=True)):
            assert found[f"t{i}"].shape == shape
            assert (found[f"t{i}"] == value).all()


def test_bilinear_kernel(nets: Nets) -> None:
    # filler.hpp: k = 3, f = ceil(k / 2) = 2, c = (k - 1) / (2 f) = 0.5
    ramp = [1 - abs(i / 2 - 0.5) for i in range(3)]
    expected = np.tile(np.outer(ramp, ramp), (2, 3, 1, 1))
    net = nets.build({}, _dummy('shape { dim: 2 dim: 3 dim: 3 dim: 3 } data_filler { type: "bilinear" }'))
    for found in (nets.oracle(net), nets.onnx(net, 13)):
        np.testing.assert_allclose(found["t0"], expected, rtol=1e-6)


def test_a_large_top_costs_no_memory(nets: Nets) -> None:
    net = nets.build({}, _dummy(f"shape {{ dim: 2000000000 }} {CONSTANT}"))
    (top,) = nets.oracle(net).values()
    assert top.shape == (2_000_000_000,)
    assert top.strides == (0,)


@pytest.mark.parametrize(
    ("body", "tops", "code"),
    [
        ("", 1, "CTK507"),
        ("shape { dim: 1 } shape { dim: 1 }", 1, "CTK507"),
        ("shape { dim: 1 } num: 1 channels: 1 height: 1 width: 1", 1, "CTK507"),
        ("num: 1 channels: 1 height: 1", 1, "CTK507"),
        ("num: 1 num: 1 channels: 1 height: 1 width: 1", 3, "CTK507"),
        (f"shape {{ dim: 1 }} {CONSTANT} {CONSTANT}", 3, "CTK507"),
        ('shape { dim: 1 } data_filler { type: "bilinear" }', 1, "CTK507"),
        ("shape { dim: 0 }", 1, "CTK508"),
        ("shape { dim: -1 }", 1, "CTK508"),
        ("num: 1 channels: 0 height: 1 width: 1", 1, "CTK508"),
        ('shape { dim: 1 } data_filler { type: "gaussian" }', 1, "CTK511"),
        ('shape { dim: 1 } data_filler { type: "no such" }', 1, "CTK511"),
        ('shape { dim: 1 dim: 1 dim: 9000 dim: 9000 } data_filler { type: "bilinear" }', 1, "CTK513"),
        ("shape { dim: 3000000000 }", 1, "CTK508"),
    ],
)
def test_refuses(nets: Nets, body: str, tops: int, code: str) -> None:
    assert nets.code_of_fault({}, _dummy(body, tops)) == code
