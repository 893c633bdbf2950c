"""Accuracy: the share of labels among the `top_k` best classes (`accuracy_layer.cpp`).

A label is hit when fewer than `top_k` other classes score as much as its own or more, so that ties count against it.
The optional second top is the share for each class, 0 for a class without labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers import _losses
from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers._listed import refuse_long_list
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Accuracy")
def shape(layer: Layer) -> LayerShape:
    """A 0-dimensional top, and one number for each class.

    Raises:
        BadInput: CTK505 for the wiring, CTK507 when `top_k` exceeds the classes or loss weights do not match the
            tops, CTK508 when the number of labels does not fit.
    """
    layer.expect(bottoms=(2, 2), tops=(1, 2))
    refuse_in_place(layer, "the top is smaller than the bottom")
    if len(layer.message.loss_weight) not in {0, len(layer.tops)}:
        raise layer.fault("CTK507", f"{len(layer.tops)} tops need as many loss_weight, or none")
    axis = _axis(layer)
    _losses.check_labels(layer, axis)
    classes = layer.bottom_shapes[0][axis]
    top_k = layer.message.accuracy_param.top_k
    if top_k > classes:
        raise layer.fault("CTK507", f"top_k {top_k} exceeds the number of classes, {classes}")
    return LayerShape(((), (classes,))[: len(layer.tops)])


def _axis(layer: Layer) -> int:
    return layer.canonical_axis(layer.message.accuracy_param.axis)


def _ignored(layer: Layer) -> int | None:
    param = layer.message.accuracy_param
    return param.ignore_label if param.HasField("ignore_label") else None


@emission("Accuracy")
def emit(layer: Layer, emitter: Emitter) -> None:
    """The classes that score as much as the label's are counted, its own among them.

    Raises:
        UsageFault: CTK604 for sizes that ONNX cannot leave open, and for the shares of more than 2**18 classes.
    """
    split, places = _losses.class_layout(layer, emitter, _axis(layer))
    scores = _losses.classes_last(layer, emitter, split)
    labels = _losses.emit_labels(emitter, layer.bottoms[1], places, _ignored(layer))
    own = emitter.node("GatherElements", [scores, labels.index], inner="at_label", axis=2)
    worse = emitter.node("Less", [scores, own[0]], inner="is_worse")
    as_good = emitter.node("Not", worse, inner="is_as_good")
    counted = emitter.node("Cast", as_good, inner="as_good", to=_losses.FLOAT)
    rank = emitter.reduce("ReduceSum", counted, [2], inner="rank")
    # The label's own class is one of those counted.
    bound = emitter.scalar("best", layer.message.accuracy_param.top_k + 0.5)
    is_hit = emitter.node("Less", [rank[0], bound], inner="is_hit")
    hits = emitter.node("Cast", is_hit, inner="hits", to=_losses.FLOAT)[0]
    _losses.emit_normalized(emitter, hits, labels.valid, _losses.NORMALIZED_BY.VALID, [1, 2])
    if len(layer.tops) == 2:
        _emit_per_class(layer, emitter, hits, labels, split[1])


def _emit_per_class(layer: Layer, emitter: Emitter, hits: str, labels: _losses.Labels, classes: int) -> None:
    refuse_long_list(layer, classes, "classes with a share of their own")
    numbers = emitter.constant("class_numbers", np.arange(classes, dtype=np.int64))
    is_class = emitter.node("Equal", [labels.index, numbers], inner="is_class")
    member = emitter.node("Cast", is_class, inner="members", to=_losses.FLOAT)
    if labels.valid is not None:
        member = emitter.node("Mul", [member[0], labels.valid], inner="members_kept")
    hit = emitter.node("Mul", [member[0], hits], inner="member_hits")
    totals = emitter.reduce("ReduceSum", member, [0, 1], inner="class_totals")
    found = emitter.reduce("ReduceSum", hit, [0, 1], inner="class_hits")
    one = emitter.scalar("one_label", 1)
    divisor = emitter.node("Max", [totals[0], one], inner="class_divisors")
    shares = emitter.node("Div", [found[0], divisor[0]], inner="class_shares")
    emitter.reshaped(shares[0], [classes], slot=1)


@evaluation("Accuracy")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Counting on (outer, classes, inner)."""
    param = layer.message.accuracy_param
    x = _losses.split_at(layer, bottoms[0], param.axis)
    classes = x.shape[1]
    labels, valid = _losses.read_labels(layer, bottoms[1], (x.shape[0], x.shape[2]), classes, _ignored(layer))
    own = np.take_along_axis(x, labels[:, None, :], axis=1)
    others = np.count_nonzero(x >= own, axis=1) - 1
    hit = valid & (others < param.top_k)
    totals = np.bincount(labels[valid], minlength=classes)
    hits = np.bincount(labels[hit], minlength=classes)
    share = np.asarray(hit.sum() / max(1, valid.sum()))
    return [share, hits / np.maximum(totals, 1)][: len(layer.tops)]
