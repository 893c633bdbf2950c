"""EuclideanLoss against half the mean of squared norms."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets

from converters.onnx.emit import emit_onnx

LAYER = 'layer { name: "loss" type: "EuclideanLoss" bottom: "a" bottom: "b" top: "loss" }'


def numbers(*shape: int, seed: int):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("first", "second"), [((3, 4), (3, 4)), ((3, 2, 2), (3, 4, 1, 1)), ((5,), (5,))])
@pytest.mark.parametrize("opset", [11, 13, 18, 21])
def test_half_the_mean_of_squared_norms(
    nets: Nets, first: tuple[int, ...], second: tuple[int, ...], opset: int
):
    a, b = numbers(*first, seed=0), numbers(*second, seed=1)
    rows = zip(a.reshape(first[0], -1), b.reshape(first[0], -1), strict=True)
    wanted = sum(np.linalg.norm(x.astype(np.float64) - y) ** 2 for x, y in rows) / first[0] / 2
    net = nets.build({"a": first, "b": second}, LAYER)
    assert nets.oracle(net, a=a, b=b)["loss"] == pytest.approx(wanted)
    made = nets.onnx(net, opset, a=a, b=b)["loss"]
    assert made.shape == ()
    assert made == pytest.approx(wanted, rel=1e-5)


def test_the_batch_may_be_dynamic(nets: Nets):
    net = nets.build({"a": (1, 3), "b": (1, 3)}, LAYER, dynamic={"a": (0,), "b": (0,)})
    a, b = numbers(4, 3, seed=0), numbers(4, 3, seed=1)
    assert nets.onnx(net, 13, a=a, b=b)["loss"] == pytest.approx(
        ((a.astype(np.float64) - b) ** 2).sum() / 8, rel=1e-5
    )


@pytest.mark.parametrize(
    ("first", "second"), [((3, 4), (3, 5)), ((3, 4), (4, 3)), ((), ()), ((2, 1, 1, 1, 2), (2, 2))]
)
def test_unequal_bottoms_are_refused(nets: Nets, first: tuple[int, ...], second: tuple[int, ...]):
    assert nets.code_of_fault({"a": first, "b": second}, LAYER) == "CTK508"


def test_without_a_top_nothing_is_emitted(nets: Nets):
    silent = LAYER.replace('top: "loss"', "")
    net = nets.build(
        {"a": (2, 3), "b": (2, 3)}, silent + 'layer { name: "r" type: "ReLU" bottom: "a" top: "y" }'
    )
    graph, _ = emit_onnx(net, 13)
    assert [node.op for node in graph.nodes] == ["Relu"]
    a = numbers(2, 3, seed=0)
    assert set(nets.oracle(net, a=a, b=a)) == {"y"}
