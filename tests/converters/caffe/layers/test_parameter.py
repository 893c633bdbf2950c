"""Parameter: its blob is its top."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets

BLOB = np.arange(6, dtype=np.float32).reshape(2, 3) - 2.5
TEXT = """
layer { name: "p" type: "Parameter" top: "p" parameter_param { shape { dim: 2 dim: 3 } } }
layer { name: "l" type: "Eltwise" bottom: "x" bottom: "p" top: "y" }
"""


def _alone(sizes: str) -> str:
    return f'layer {{ name: "l" type: "Parameter" top: "y" parameter_param {{ shape {{ {sizes} }} }} }}'


def test_stands_beside_an_input(nets: Nets) -> None:
    net = nets.build({"x": (2, 3)}, TEXT, {"p": [BLOB]})
    x = np.ones((2, 3))
    nets.agree(net, [[-1.5, -0.5, 0.5], [1.5, 2.5, 3.5]], x=x, opsets=(11, 13, 16, 21))


def test_keeps_its_name_as_an_output(nets: Nets) -> None:
    net = nets.build({}, _alone("dim: 2 dim: 3"), {"l": [BLOB]})
    nets.agree(net, BLOB, rtol=0, atol=0)


def test_without_axes(nets: Nets) -> None:
    net = nets.build({}, _alone(""), {"l": [np.float32(4)]})
    nets.agree(net, 4.0)


@pytest.mark.parametrize(
    ("sizes", "code"), [("dim: 0", "CTK508"), ("dim: -1", "CTK508"), ("dim: 2", "CTK511")]
)
def test_refuses(nets: Nets, sizes: str, code: str) -> None:
    assert nets.code_of_fault({}, _alone(sizes)) == code


def test_refuses_a_bottom(nets: Nets) -> None:
    text = 'layer { name: "l" type: "Parameter" bottom: "x" top: "y" }'
    assert nets.code_of_fault({"x": (2,)}, text) == "CTK505"
