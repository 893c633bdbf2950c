"""Accuracy against counting label by label."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray

from converters.onnx.emit import emit_onnx
from toolkit.errors import UsageFault


def accuracy(body: str = "", tops: tuple[str, ...] = ("share",)):
    named = " ".join(f'top: "{top}"' for top in tops)
    return (
        f'layer {{ name: "acc" type: "Accuracy" bottom: "x" bottom: "label" {named} '
        f"accuracy_param {{ {body} }} }}"
    )


def by_loops(x: NDArray[np.float32], label: NDArray[np.float32], axis: int, top_k: int, ignored: int | None):
    classes = x.shape[axis]
    rows = np.moveaxis(x, axis, -1).reshape(-1, classes)
    hits, totals = np.zeros(classes), np.zeros(classes)
    for row, value in zip(rows, label.ravel().astype(int), strict=True):
        if value == ignored:
            continue
        totals[value] += 1
        rivals = sum(score >= row[value] for number, score in enumerate(row) if number != value)
        hits[value] += rivals < top_k
    share = hits.sum() / totals.sum() if totals.sum() else 0
    return share, [h / t if t else 0 for h, t in zip(hits, totals, strict=True)]


CASES = [((12, 4), (12,), 1), ((2, 4, 3, 2), (2, 3, 2), 1), ((2, 3, 5), (6,), -1), ((4, 9), (9,), 0)]


@pytest.mark.parametrize(("shape", "label_shape", "axis"), CASES)
@pytest.mark.parametrize("top_k", [1, 3])
@pytest.mark.parametrize("ignored", [None, 1, 255])
def test_hits_are_counted(
    nets: Nets,
    shape: tuple[int, ...],
    label_shape: tuple[int, ...],
    axis: int,
    top_k: int,
    ignored: int | None,
):
    rng = np.random.default_rng(5)
    x = rng.integers(0, 4, shape).astype(np.float32)  # with ties
    label = rng.integers(0, shape[axis], label_shape).astype(np.float32)
    if ignored == 255:
        label.ravel()[::4] = 255
    body = f"axis: {axis} top_k: {top_k}" + (f" ignore_label: {ignored}" if ignored is not None else "")
    share, per_class = by_loops(x, label, axis, top_k, ignored)
    net = nets.build({"x": shape, "label": label_shape}, accuracy(body, ("share", "classes")))
    made = [nets.oracle(net, x=x, label=label)]
    made += [nets.onnx(net, opset, x=x, label=label) for opset in (11, 13, 18)]
    for found in made:
        assert found["share"].shape == ()
        assert found["share"] == pytest.approx(share, rel=1e-6)
        np.testing.assert_allclose(found["classes"], per_class, rtol=1e-6)


def test_nothing_but_ignored_labels_gives_zero(nets: Nets):
    net = nets.build({"x": (2, 3), "label": (2,)}, accuracy("ignore_label: 0"))
    x, label = np.ones((2, 3), np.float32), np.zeros(2, np.float32)
    assert nets.oracle(net, x=x, label=label)["share"] == 0
    assert nets.onnx(net, 13, x=x, label=label)["share"] == 0


def test_a_tie_counts_against_the_label(nets: Nets):
    net = nets.build({"x": (2, 3), "label": (2,)}, accuracy())
    x, label = np.array([[1, 1, 0], [2, 1, 0]], np.float32), np.zeros(2, np.float32)
    assert nets.oracle(net, x=x, label=label)["share"] == 0.5
    assert nets.onnx(net, 13, x=x, label=label)["share"] == 0.5


def test_the_batch_may_be_dynamic(nets: Nets):
    net = nets.build({"x": (1, 3), "label": (1,)}, accuracy(), dynamic={"x": (0,), "label": (0,)})
    x = np.eye(3, dtype=np.float32)
    assert nets.onnx(net, 13, x=x, label=np.array([0, 2, 2], np.float32))["share"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("label", "layer", "code"),
    [
        ((3,), accuracy(), "CTK508"),
        ((2,), accuracy("top_k: 4"), "CTK507"),
        ((2,), accuracy("axis: 2"), "CTK507"),
        ((2,), accuracy(tops=()), "CTK505"),
        ((2,), accuracy(tops=("x",)), "CTK505"),
        (
            (2,),
            accuracy(tops=("a", "b")).replace("accuracy_param", "loss_weight: 0 accuracy_param"),
            "CTK507",
        ),
    ],
)
def test_what_caffe_refuses_is_refused(nets: Nets, label: tuple[int, ...], layer: str, code: str):
    relu = 'layer { name: "relu" type: "ReLU" bottom: "x" top: "y" }'
    assert nets.code_of_fault({"x": (2, 3), "label": label}, layer + relu) == code


def test_shares_of_more_classes_than_any_network_has_are_not_offered(nets: Nets):
    """A number for each class is written down, and 200 bytes of prototxt can declare 2**31 - 1 classes."""
    for classes, tops, fits in ((2**18, 2, True), (2**18 + 1, 2, False), (50_000_000, 1, True)):
        net = nets.build({"x": (2, classes), "label": (2,)}, accuracy(tops=("share", "shares")[:tops]))
        if fits:
            assert emit_onnx(net, 13)[0].nodes
            continue
        with pytest.raises(UsageFault) as caught:
            emit_onnx(net, 13)
        assert (caught.value.code, caught.value.where.layer) == ("CTK604", "acc")
