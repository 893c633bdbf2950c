"""Split: every top is the bottom."""

from __future__ import annotations

import numpy as np
from layer_nets import Nets

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def _split(*tops: str) -> str:
    named = " ".join(f'top: "{top}"' for top in tops)
    return f'layer {{ name: "l" type: "Split" bottom: "x" {named} }}'


def test_copies_under_every_name(nets: Nets) -> None:
    net = nets.build({"x": X.shape}, _split("a", "b", "c"))
    for found in (nets.oracle(net, x=X), *(nets.onnx(net, opset, x=X) for opset in (11, 13, 16, 21))):
        assert sorted(found) == ["a", "b", "c"]
        for array in found.values():
            np.testing.assert_array_equal(array, X)


def test_refuses_in_place_and_no_top(nets: Nets) -> None:
    assert nets.code_of_fault({"x": X.shape}, _split("x", "b")) == "CTK505"
    other = 'layer { name: "o" type: "Power" bottom: "x" top: "o" }'
    assert nets.code_of_fault({"x": X.shape}, other + _split()) == "CTK505"
