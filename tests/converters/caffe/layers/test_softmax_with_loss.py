"""SoftmaxWithLoss against scipy's log_softmax, summed label by label."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from converters.caffe.build import NetOptions, build_net
from converters.caffe.parameters import Sources
from converters.caffe.prototxt import parse_prototxt
from converters.onnx.emit import emit_onnx
from toolkit.errors import BadInput, UsageFault

LOG_FLT_MIN = np.log(1.17549435e-38)


def loss_layer(body: str = "", tops: tuple[str, ...] = ("loss",), bottoms: tuple[str, ...] = ("x", "label")):
    ends = " ".join([*(f'bottom: "{b}"' for b in bottoms), *(f'top: "{t}"' for t in tops)])
    return f'layer {{ name: "loss" type: "SoftmaxWithLoss" {ends} {body} }}'


def scores(*shape: int, seed: int = 0):
    return np.random.default_rng(seed).normal(size=shape, scale=3).astype(np.float32)


def labels(shape: tuple[int, ...], classes: int, seed: int = 1):
    return np.random.default_rng(seed).integers(0, classes, shape).astype(np.float32)


def by_loops(x: NDArray[np.float32], label: NDArray[np.float32], axis: int, ignored: int | None = None):
    """Sum of the losses, how many count, how many places there are, and how many outer positions."""
    logs = np.moveaxis(log_softmax(x.astype(np.float64), axis=axis), axis, -1)
    # outer positions run over the axes in front, inner ones over those behind, in that order.
    rows, flat = logs.reshape(-1, x.shape[axis]), label.ravel()
    total, count = 0.0, 0
    for row, value in zip(rows, flat, strict=True):
        if int(value) != ignored:
            total -= max(row[int(value)], LOG_FLT_MIN)
            count += 1
    return total, count, len(rows), int(np.prod(x.shape[:axis]))


CASES = [((4, 5), (4,), 1), ((2, 5, 3, 2), (2, 1, 3, 2), 1), ((2, 3, 4), (2, 3), 2), ((3, 4, 2), (3, 2), -2)]


@pytest.mark.parametrize(("shape", "label_shape", "axis"), CASES)
@pytest.mark.parametrize("mode", ["", "FULL", "VALID", "BATCH_SIZE", "NONE"])
@pytest.mark.parametrize("ignored", [None, 2, 255])
def test_every_normalization(
    nets: Nets,
    shape: tuple[int, ...],
    label_shape: tuple[int, ...],
    axis: int,
    mode: str,
    ignored: int | None,
):
    x, label = scores(*shape), labels(label_shape, shape[axis])
    if ignored == 255:
        label.ravel()[::3] = 255
    body = f"softmax_param {{ axis: {axis} }} loss_param {{ "
    body += f"normalization: {mode} " if mode else ""
    body += f"ignore_label: {ignored} }}" if ignored is not None else "}"
    total, count, places, outer = by_loops(x, label, axis % len(shape), ignored)
    wanted = total / max(1, {"FULL": places, "BATCH_SIZE": outer, "NONE": 1}.get(mode, count))
    net = nets.build({"x": shape, "label": label_shape}, loss_layer(body))
    assert nets.oracle(net, x=x, label=label)["loss"] == pytest.approx(wanted, rel=1e-12)
    for opset in (11, 13, 18):
        made = nets.onnx(net, opset, x=x, label=label)["loss"]
        assert made.shape == ()
        assert made == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(("normalize", "divisor"), [("true", "count"), ("false", "outer")])
def test_the_older_normalize(nets: Nets, normalize: str, divisor: str):
    x, label = scores(2, 5, 3), labels((2, 3), 5)
    total, count, _, outer = by_loops(x, label, 1)
    net = nets.build({"x": x.shape, "label": (2, 3)}, loss_layer(f"loss_param {{ normalize: {normalize} }}"))
    wanted = total / {"count": count, "outer": outer}[divisor]
    assert nets.oracle(net, x=x, label=label)["loss"] == pytest.approx(wanted)
    assert nets.onnx(net, 13, x=x, label=label)["loss"] == pytest.approx(wanted, rel=1e-5)


def test_large_scores_stay_finite_and_are_bounded(nets: Nets):
    """A probability below FLT_MIN counts as FLT_MIN."""
    x = np.array([[1e4, -1e4, 0], [80, 0, 0]], np.float32)
    label = np.array([1, 1], np.float32)
    wanted = (-LOG_FLT_MIN + 80) / 2
    net = nets.build({"x": (2, 3), "label": (2,)}, loss_layer())
    assert nets.oracle(net, x=x, label=label)["loss"] == pytest.approx(wanted, rel=1e-6)
    assert nets.onnx(net, 13, x=x, label=label)["loss"] == pytest.approx(wanted, rel=1e-6)


def test_labels_are_cut_and_all_may_be_ignored(nets: Nets):
    x = scores(2, 3)
    net = nets.build({"x": (2, 3), "label": (2,)}, loss_layer("loss_param { ignore_label: 1 }"))
    cut = np.array([0.9, 2.99], np.float32)
    wanted = -log_softmax(x.astype(np.float64), axis=1)[[0, 1], [0, 2]].mean()
    nothing = np.array([1, 1.5], np.float32)
    for label, value in ((cut, wanted), (nothing, 0)):
        assert nets.oracle(net, x=x, label=label)["loss"] == pytest.approx(value)
        assert nets.onnx(net, 13, x=x, label=label)["loss"] == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("opset", [11, 13, 21])
@pytest.mark.parametrize("axis", [1, 2])
def test_the_second_top_is_the_softmax(nets: Nets, opset: int, axis: int):
    x = scores(2, 3, 4)
    label = labels((2, 12 // x.shape[axis]), x.shape[axis])
    body = f"softmax_param {{ axis: {axis} }} loss_weight: 1 loss_weight: 0"
    net = nets.build({"x": x.shape, "label": label.shape}, loss_layer(body, ("loss", "prob")))
    wanted = softmax(x.astype(np.float64), axis=axis)
    np.testing.assert_allclose(nets.oracle(net, x=x, label=label)["prob"], wanted, rtol=1e-10)
    np.testing.assert_allclose(nets.onnx(net, opset, x=x, label=label)["prob"], wanted, rtol=1e-4, atol=1e-7)


def test_the_weight_of_the_loss_does_not_change_its_value(nets: Nets):
    x, label = scores(4, 5), labels((4,), 5)
    total, count, _, _ = by_loops(x, label, 1)
    net = nets.build({"x": (4, 5), "label": (4,)}, loss_layer("loss_weight: 7"))
    assert nets.onnx(net, 13, x=x, label=label)["loss"] == pytest.approx(total / count, rel=1e-5)


def test_batch_and_size_may_be_dynamic(nets: Nets):
    net = nets.build(
        {"x": (1, 5, 2, 3), "label": (1, 1, 2, 3)},
        loss_layer("loss_param { normalization: BATCH_SIZE }"),
        dynamic={"x": (0, 2, 3), "label": (0, 2, 3)},
    )
    x, label = scores(3, 5, 4, 2), labels((3, 1, 4, 2), 5)
    total, _, _, outer = by_loops(x, label, 1)
    assert nets.onnx(net, 13, x=x, label=label)["loss"] == pytest.approx(total / outer, rel=1e-5)


def test_a_dynamic_class_axis_is_refused(nets: Nets):
    net = nets.build({"x": (2, 2, 3), "label": (2, 3)}, loss_layer(), dynamic={"x": (1,)})
    with pytest.raises(UsageFault) as caught:
        emit_onnx(net, 13)
    assert caught.value.code == "CTK604"


def test_an_anonymous_top_is_no_output(nets: Nets):
    """The layer still reads its bottoms, so that they are no outputs of Caffe either."""
    relu = 'layer { name: "relu" type: "ReLU" bottom: "x" top: "y" }'
    x, label = scores(2, 3), labels((2,), 3)
    net = nets.build({"x": (2, 3), "label": (2,)}, loss_layer(tops=()) + relu)
    assert net.outputs == ("y",)
    np.testing.assert_array_equal(nets.onnx(net, 13, x=x, label=label)["y"], np.maximum(x, 0))
    _, ledger = emit_onnx(net, 13)
    assert [entry.fate for entry in ledger.layers if entry.layer == "loss"] == ["dropped"]
    with pytest.raises(BadInput, match="computes nothing"):
        nets.build({"x": (2, 3), "label": (2,)}, loss_layer(tops=()))


def test_a_label_that_is_no_class_is_refused_by_the_oracle(nets: Nets):
    net = nets.build({"x": (2, 3), "label": (2,)}, loss_layer())
    with pytest.raises(BadInput) as caught:
        nets.oracle(net, x=scores(2, 3), label=np.array([0, 3], np.float32))
    assert caught.value.code == "CTK508"


@pytest.mark.parametrize(
    ("label_shape", "layer", "code"),
    [
        ((2, 2), loss_layer(), "CTK508"),
        ((1, 2), loss_layer(), "CTK508"),
        ((2,), loss_layer("softmax_param { axis: 2 }"), "CTK507"),
        ((2,), loss_layer(tops=("loss", "prob")), "CTK507"),
        ((2,), loss_layer("loss_weight: 1 loss_weight: 1"), "CTK507"),
        ((2,), loss_layer(bottoms=("x",)), "CTK505"),
        ((2,), loss_layer(tops=("a", "b", "c")), "CTK505"),
        ((2,), loss_layer(tops=("x",)), "CTK505"),
    ],
)
def test_what_caffe_refuses_is_refused(nets: Nets, label_shape: tuple[int, ...], layer: str, code: str):
    assert nets.code_of_fault({"x": (2, 3), "label": label_shape}, layer) == code


def test_a_loss_that_lacks_its_label_is_refused():
    text = parse_prototxt(
        b'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }'
        + loss_layer().encode(),
        "net.prototxt",
    )
    with pytest.raises(BadInput) as caught:
        build_net(text, Sources(), NetOptions())
    assert caught.value.code == "CTK505"
