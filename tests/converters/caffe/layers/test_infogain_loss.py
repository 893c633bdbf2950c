"""InfogainLoss against its double sum."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray
from scipy.special import softmax


def loss_layer(
    body: str = "", tops: tuple[str, ...] = ("loss",), bottoms: tuple[str, ...] = ("x", "label", "matrix")
):
    ends = " ".join([*(f'bottom: "{b}"' for b in bottoms), *(f'top: "{t}"' for t in tops)])
    return f'layer {{ name: "gain" type: "InfogainLoss" {ends} {body} }}'


def sample(shape: tuple[int, ...], label_shape: tuple[int, ...], classes: int):
    rng = np.random.default_rng(3)
    x = rng.normal(size=shape, scale=2).astype(np.float32)
    x.ravel()[0] = 200  # some probabilities fall below the least one
    label = (np.arange(np.prod(label_shape)) % classes).reshape(label_shape).astype(np.float32)
    return {"x": x, "label": label, "matrix": rng.random((classes, classes)).astype(np.float32)}


def by_loops(
    x: NDArray[np.float32],
    label: NDArray[np.float32],
    matrix: NDArray[np.float32],
    axis: int,
    ignored: int | None = None,
):
    rows = np.moveaxis(softmax(x.astype(np.float64), axis=axis), axis, -1).reshape(-1, x.shape[axis])
    total, count = 0.0, 0
    for row, value in zip(rows, label.ravel(), strict=True):
        if int(value) == ignored:
            continue
        count += 1
        for other, probability in enumerate(row):
            total -= matrix[int(value), other] * np.log(max(probability, 1e-20))
    return total, count


@pytest.mark.parametrize(
    ("shape", "label_shape", "axis"),
    [((4, 3), (4,), 1), ((2, 3, 2, 2), (2, 2, 2), 1), ((2, 3, 4), (2, 3), 2)],
)
@pytest.mark.parametrize("ignored", [None, 1])
def test_the_double_sum(
    nets: Nets, shape: tuple[int, ...], label_shape: tuple[int, ...], axis: int, ignored: int | None
):
    given = sample(shape, label_shape, shape[axis])
    body = f"infogain_loss_param {{ axis: {axis} }} "
    body += f"loss_param {{ ignore_label: {ignored} }}" if ignored is not None else ""
    total, count = by_loops(given["x"], given["label"], given["matrix"], axis, ignored)
    net = nets.build({name: array.shape for name, array in given.items()}, loss_layer(body))
    assert nets.oracle(net, **given)["loss"] == pytest.approx(total / count)
    for opset in (11, 13, 18):
        assert nets.onnx(net, opset, **given)["loss"] == pytest.approx(total / count, rel=1e-5)


def test_the_second_top_is_the_softmax(nets: Nets):
    given = sample((4, 3), (4,), 3)
    layer = loss_layer("loss_weight: 1 loss_weight: 0", ("loss", "prob"))
    net = nets.build({name: array.shape for name, array in given.items()}, layer)
    wanted = softmax(given["x"].astype(np.float64), axis=1)
    np.testing.assert_allclose(nets.oracle(net, **given)["prob"], wanted)
    np.testing.assert_allclose(nets.onnx(net, 11, **given)["prob"], wanted, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("layer", "matrix", "code"),
    [
        (
            loss_layer('infogain_loss_param { source: "h.binaryproto" }', bottoms=("x", "label")),
            (3, 3),
            "CTK506",
        ),
        (loss_layer("loss_param { normalize: true }"), (3, 3), "CTK507"),
        (loss_layer(), (3, 4), "CTK508"),
        (loss_layer(bottoms=("x",)), (3, 3), "CTK505"),
    ],
)
def test_what_does_not_fit_is_refused(nets: Nets, layer: str, matrix: tuple[int, ...], code: str):
    assert nets.code_of_fault({"x": (4, 3), "label": (4,), "matrix": matrix}, layer) == code
