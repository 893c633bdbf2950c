"""Concat against lists joined in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets, one_layer

A, B, C = (np.arange(n, dtype=np.float32).reshape(2, -1, 2) + 100 * n for n in (4, 8, 12))


def _concat(body: str = "", bottoms: tuple[str, ...] = ("a", "b", "c")) -> str:
    return one_layer("Concat", f"concat_param {{ {body} }}", bottoms)


@pytest.mark.parametrize("body", ["", "axis: 1", "axis: -2", "concat_dim: 1"])
def test_along_the_middle_axis(nets: Nets, body: str) -> None:
    net = nets.build({"a": A.shape, "b": B.shape, "c": C.shape}, _concat(body))
    expected = [a + b + c for a, b, c in zip(A.tolist(), B.tolist(), C.tolist(), strict=True)]
    nets.agree(net, expected, a=A, b=B, c=C, opsets=range(11, 22), rtol=0, atol=0)


def test_along_the_first_axis(nets: Nets) -> None:
    net = nets.build({"a": A.shape, "b": (1, 1, 2)}, _concat("axis: 0", ("a", "b", "a")))
    one = [[[7.0, 8.0]]]
    nets.agree(net, A.tolist() + one + A.tolist(), a=A, b=one)


def test_dynamic_sizes(nets: Nets) -> None:
    net = nets.build(
        {"a": (1, 1, 2), "b": (1, 3, 2)}, _concat("", ("a", "b")), dynamic={"a": (0, 2), "b": (0, 2)}
    )
    a, b = np.zeros((3, 1, 5)), np.ones((3, 3, 5))
    nets.agree(net, [[[0] * 5] + [[1] * 5] * 3] * 3, a=a, b=b)


def test_one_bottom_passes_through(nets: Nets) -> None:
    net = nets.build({"a": A.shape}, _concat("", ("a",)))
    nets.agree(net, A, a=A)
    assert nets.operators(net) == ["Identity"]
    in_place = one_layer("Power", "power_param { shift: 1 }", ("a",)) + one_layer(
        "Concat", "", ("y",)
    ).replace('name: "l"', 'name: "m"')
    nets.agree(nets.build({"a": A.shape}, in_place), A + 1, a=A)


@pytest.mark.parametrize(
    ("shapes", "body", "code"),
    [
        ({"a": (2, 1), "b": (2, 1)}, "axis: 1 concat_dim: 1", "CTK507"),
        ({"a": (2, 1), "b": (2, 1)}, "axis: 2", "CTK507"),
        ({"a": (2, 1), "b": (2, 1)}, "axis: -3", "CTK507"),
        ({"a": (2, 1), "b": (2, 1)}, "concat_dim: 2", "CTK507"),
        ({"a": (2, 1), "b": (2, 1)}, "concat_dim: 4294967295", "CTK507"),
        ({"a": (), "b": ()}, "axis: 0", "CTK507"),
        ({"a": (2, 1), "b": (3, 1)}, "", "CTK508"),
        ({"a": (2, 1), "b": (2, 1, 1)}, "", "CTK508"),
    ],
)
def test_refuses(nets: Nets, shapes: dict[str, tuple[int, ...]], body: str, code: str) -> None:
    assert nets.code_of_fault(shapes, _concat(body, ("a", "b"))) == code


def test_refuses_several_bottoms_in_place(nets: Nets) -> None:
    text = one_layer("Concat", "", ("a", "b"), "a")
    assert nets.code_of_fault({"a": (2, 1), "b": (2, 1)}, text) == "CTK505"
    assert nets.code_of_fault({"a": (2, 1)}, 'layer { name: "l" type: "Concat" top: "y" }') == "CTK505"
