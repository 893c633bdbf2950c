"""What the loss layers have in common (`loss_layer.cpp`): wiring, labels, and the number a sum is divided by.

A loss layer that lists no top gets an anonymous one in Caffe: it runs, and nobody can fetch its value. The
weight of a loss changes only what is reported for training, not the top.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from converters.caffe.layers._dynamic_sizes import needs_fixed_sizes
from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers.registry import Array
from converters.caffe.network import Layer, LayerShape, Shape, elements
from converters.caffe.schema import LossParameter

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

FLOAT, INT64, BOOL = 1, 7, 9  # of onnx.TensorProto
NORMALIZED_BY = LossParameter.NormalizationMode


def loss_shape(layer: Layer, *, bottoms: tuple[int, int] = (2, 2), softmax_top: bool = False) -> LayerShape:
    """A 0-dimensional top and, where the type offers it, the softmax of the first bottom.

    Args:
        layer: The layer.
        bottoms: Least and most bottoms.
        softmax_top: Whether there may be that second top.

    Raises:
        BadInput: CTK505 for the wiring, CTK507 for loss weights that do not match the tops, CTK508 when the
            first two bottoms differ in their first size.
    """
    layer.expect(bottoms=bottoms, tops=(0, 2 if softmax_top else 1))
    refuse_in_place(layer, "the top is smaller than the bottom")
    # Caffe's loss layers state one weight where none is given, and then insist on one for each top.
    weights = len(layer.message.loss_weight) or 1
    if weights != max(1, len(layer.tops)):
        raise layer.fault(
            "CTK507",
            f"{len(layer.tops)} tops need as many loss_weight, not {weights}",
            "for a loss and its softmax: loss_weight: 1 loss_weight: 0",
        )
    first, second = layer.bottom_shapes[:2]
    if not first or not second or first[0] != second[0]:
        raise layer.fault("CTK508", f"bottoms of shapes {first} and {second} differ in their first size")
    return LayerShape(((), first)[: len(layer.tops)])


def is_anonymous(layer: Layer, emitter: Emitter) -> bool:
    """Drops a loss layer without tops; says whether it did."""
    if layer.tops:
        return False
    emitter.drop("lists no top, so that nothing can read its value")
    return True


def legacy_shape(layer: Layer, slot: int) -> Shape:
    """A bottom's shape in four axes, as Caffe's num, channels, height and width see it.

    Raises:
        BadInput: CTK508 for more than four axes.
    """
    shape = layer.bottom_shapes[slot]
    if len(shape) > 4:
        raise layer.fault("CTK508", f"{layer.type} takes bottoms of at most four axes, not {shape}")
    return shape + (1,) * (4 - len(shape))


def check_labels(layer: Layer, axis: int) -> None:
    """One label is needed for each place of the first bottom, over which the class axis runs.

    Raises:
        BadInput: CTK508.
    """
    shape = layer.bottom_shapes[0]
    places = elements(shape[:axis]) * elements(shape[axis + 1 :])
    if elements(layer.bottom_shapes[1]) != places:
        raise layer.fault(
            "CTK508",
            f"{places} labels are needed for {shape} with the classes along axis {axis}, "
            f"not {elements(layer.bottom_shapes[1])}",
        )


def class_layout(layer: Layer, emitter: Emitter, axis: int) -> tuple[list[int], list[int]]:
    """Reshape targets: the first bottom as (outer, classes, inner), the labels as (outer, inner, 1).

    Raises:
        UsageFault: CTK604 for dynamic sizes that no Reshape can express.
    """
    dims = emitter.dims(layer.bottoms[0])
    classes = dims[axis]
    if classes is None:
        raise needs_fixed_sizes(layer, "the class axis")
    outer, inner = _product(dims[:axis]), _product(dims[axis + 1 :])
    if outer is not None or inner is not None:
        rows, columns = -1 if outer is None else outer, -1 if inner is None else inner
        return [rows, classes, columns], [rows, columns, 1]
    if axis != 1 or layer.bottom_shapes[0][:1] != layer.bottom_shapes[1][:1]:
        raise needs_fixed_sizes(layer, "anything but the batch in front of the classes")
    return [0, classes, -1], [0, -1, 1]


def _product(dims: Sequence[int | None]) -> int | None:
    known = [size for size in dims if size is not None]
    return elements(known) if len(known) == len(dims) else None


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels in the graph, cut to integers as Caffe does.

    Attributes:
        index: Value of the labels, int64; ignored ones are 0, so that they can be looked up.
        valid: Value of the mask, float32 0 or 1; None when no label is ignored.
    """

    index: str
    valid: str | None = None


def emit_labels(emitter: Emitter, value: str, shape: Sequence[int], ignored: int | None = None) -> Labels:
    """Casts, reshapes and masks the labels."""
    integers = emitter.node("Cast", [value], inner="labels_integer", to=INT64)
    index = emitter.reshaped(integers[0], shape, inner="labels")[0]
    if ignored is None:
        return Labels(index)
    skipped, valid = emit_ignored(emitter, index, ignored)
    zero = emitter.constant("zero_label", np.asarray(0, np.int64))
    return Labels(emitter.node("Where", [skipped, zero, index], inner="labels_kept")[0], valid)


def emit_ignored(emitter: Emitter, integers: str, ignored: int) -> tuple[str, str]:
    """Which labels are the ignored one (bool), and which are not (float32 0 or 1)."""
    number = emitter.constant("ignore_label", np.asarray(ignored, np.int64))
    skipped = emitter.node("Equal", [integers, number], inner="is_ignored")
    kept = emitter.node("Not", skipped, inner="is_kept")
    return skipped[0], emitter.node("Cast", kept, inner="valid", to=FLOAT)[0]


def ignored_label(layer: Layer) -> int | None:
    """`ignore_label`, if there is one."""
    param = layer.message.loss_param
    return param.ignore_label if param.HasField("ignore_label") else None


def classes_last(layer: Layer, emitter: Emitter, shape: Sequence[int]) -> str:
    """The first bottom as (outer, inner, classes)."""
    split = emitter.reshaped(layer.bottoms[0], shape, inner="classes")
    return emitter.node("Transpose", split, inner="classes_last", perm=[0, 2, 1])[0]


def log_softmax(layer: Layer, emitter: Emitter, shape: Sequence[int], least: float) -> str:
    """log(max(softmax, least)) of the first bottom, as (outer, inner, classes)."""
    last = classes_last(layer, emitter, shape)
    # Along the last axis LogSoftmax means the same in every opset.
    logs = emitter.node("LogSoftmax", [last], inner="log_softmax", axis=2)[0]
    return emitter.node("Max", [logs, emitter.scalar("least_log", math.log(least))], inner="log_probability")[
        0
    ]


def emit_normalized(emitter: Emitter, losses: str, valid: str | None, mode: int, axes: Sequence[int]) -> None:
    """The top: the sum of all losses over the normalizer, in forms that hold for every size.

    Args:
        emitter: The layer's emitter.
        losses: Value with one loss for each label, not yet masked.
        valid: Which of them count, float32 0 or 1; None for all.
        mode: One of `LossParameter.NormalizationMode`.
        axes: All axes of ``losses`` behind the batch.
    """
    if valid is not None:
        losses = emitter.node("Mul", [losses, valid], inner="losses_kept")[0]
    if mode == NORMALIZED_BY.VALID and valid is not None:
        total = emitter.node("ReduceSum", [losses], inner="total", keepdims=0)
        emitter.node("Div", [total[0], at_least_one(emitter, valid)])
    elif mode == NORMALIZED_BY.NONE:
        emitter.node("ReduceSum", [losses], keepdims=0)
    elif mode == NORMALIZED_BY.BATCH_SIZE:
        per_item = emitter.reduce("ReduceSum", [losses], axes, inner="per_item")
        emitter.node("ReduceMean", per_item, keepdims=0)
    else:
        emitter.node("ReduceMean", [losses], keepdims=0)


def at_least_one(emitter: Emitter, counted: str) -> str:
    """max(1, sum) of a mask: Caffe's guard against dividing by nothing."""
    count = emitter.node("ReduceSum", [counted], inner="valid_count", keepdims=0)
    return emitter.node("Max", [count[0], emitter.scalar("one", 1)], inner="normalizer")[0]


def normalized(losses: Array, valid: NDArray[np.bool_], mode: int) -> Sequence[Array]:
    """The top in float64.

    Args:
        losses: One loss for each label; the first axis is the batch.
        valid: Of the same shape; which of them count.
        mode: One of `LossParameter.NormalizationMode`.
    """
    divisors: dict[int, Callable[[], int]] = {
        NORMALIZED_BY.FULL: lambda: losses.size,
        NORMALIZED_BY.VALID: lambda: int(np.count_nonzero(valid)),
        NORMALIZED_BY.BATCH_SIZE: lambda: losses.shape[0],
        NORMALIZED_BY.NONE: lambda: 1,
    }
    return [np.asarray(np.sum(np.where(valid, losses, 0)) / max(1.0, divisors[mode]()), np.float64)]


def split_at(layer: Layer, x: Array, axis: int) -> Array:
    """An array as (outer, classes, inner).

    Raises:
        BadInput: CTK507 when the axis does not exist.
    """
    at = layer.canonical_axis(axis, x.ndim)
    return x.reshape(int(np.prod(x.shape[:at], dtype=int)), x.shape[at], -1)


def read_labels(
    layer: Layer, labels: Array, shape: Shape, classes: int, ignored: int | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Labels cut to integers, ignored ones as 0, and the mask of those that count; both of ``shape``.

    Raises:
        BadInput: CTK508 for a label that is no class, with which Caffe would read other memory.
    """
    cut = np.trunc(labels).reshape(shape)
    valid = np.ones(shape, bool) if ignored is None else cut != ignored
    kept = np.where(valid, cut, 0).astype(np.int64)
    if kept.size and not (kept.min() >= 0 and kept.max() < classes):
        raise layer.fault("CTK508", f"a label lies outside 0 to {classes - 1}")
    return kept, valid
