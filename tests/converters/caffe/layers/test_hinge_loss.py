"""HingeLoss against loops over items and classes."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets

from converters.onnx.emit import emit_onnx
from toolkit.errors import UsageFault


def loss_layer(norm: str = "L1"):
    return (
        'layer { name: "loss" type: "HingeLoss" bottom: "x" bottom: "label" top: "loss" '
        f"hinge_loss_param {{ norm: {norm} }} }}"
    )


@pytest.mark.parametrize("shape", [(3, 5), (2, 2, 1, 3)])
@pytest.mark.parametrize(("norm", "power"), [("L1", 1), ("L2", 2)])
def test_every_class_has_its_margin(nets: Nets, shape: tuple[int, ...], norm: str, power: int):
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape).astype(np.float32)
    rows = x.reshape(shape[0], -1)
    label = rng.integers(0, rows.shape[1], shape[0]).astype(np.float32) + np.float32(0.75)
    wanted = 0.0
    for row, value in zip(rows.astype(float), label, strict=True):
        for number, score in enumerate(row):
            direction = 1 if number == int(value) else -1
            wanted += max(0.0, 1 - direction * score) ** power
    wanted /= shape[0]
    net = nets.build({"x": shape, "label": (shape[0],)}, loss_layer(norm))
    assert nets.oracle(net, x=x, label=label)["loss"] == pytest.approx(wanted)
    for opset in (11, 13, 18):
        assert nets.onnx(net, opset, x=x, label=label)["loss"] == pytest.approx(wanted, rel=1e-5)


def test_the_batch_may_be_dynamic_and_the_classes_not(nets: Nets):
    shapes = {"x": (1, 2), "label": (1,)}
    net = nets.build(shapes, loss_layer(), dynamic={"x": (0,), "label": (0,)})
    x, label = np.array([[2, -3], [0, 0], [-1, 1]], np.float32), np.array([0, 0, 1], np.float32)
    # 0 + 0; 1 + 1; 0 + 0
    assert nets.onnx(net, 13, x=x, label=label)["loss"] == pytest.approx(2 / 3)
    net = nets.build(shapes, loss_layer(), dynamic={"x": (1,)})
    with pytest.raises(UsageFault) as caught:
        emit_onnx(net, 13)
    assert caught.value.code == "CTK604"


@pytest.mark.parametrize("label", [(3, 2), (2,)])
def test_other_numbers_of_labels_are_refused(nets: Nets, label: tuple[int, ...]):
    assert nets.code_of_fault({"x": (3, 5), "label": label}, loss_layer()) == "CTK508"


def test_more_classes_than_any_network_has_are_not_offered(nets: Nets):
    assert emit_onnx(nets.build({"x": (2, 2**17, 2), "label": (2,)}, loss_layer()), 13)[0].nodes
    with pytest.raises(UsageFault) as caught:
        emit_onnx(nets.build({"x": (2, 2**18 + 1), "label": (2,)}, loss_layer()), 13)
    assert (caught.value.code, caught.value.where.layer) == ("CTK604", "loss")
