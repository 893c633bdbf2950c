"""MVN: subtracts the mean, and divides by the standard deviation + eps (`mvn_layer.cpp`).

Mean and (biased) variance are those of each channel of each item, or of each whole item with
`across_channels`. eps stands outside the root. The top always has four axes: ones are added behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers.registry import Array, Reach, emission, evaluation, reach, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


_AXES = 4


@shape_rule("MVN")
def shape(layer: Layer) -> LayerShape:
    """The shape of the bottom, with ones behind it up to four axes.

    Raises:
        BadInput: CTK508 for a bottom of more than four axes, on which Caffe fails.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    bottom = layer.bottom_shapes[0]
    if len(bottom) > _AXES:
        raise layer.fault("CTK508", f"MVN takes at most 4 axes, the bottom has shape {bottom}")
    return LayerShape(((*bottom, *[1] * (_AXES - len(bottom))),))


@emission("MVN")
def emit(layer: Layer, emitter: Emitter) -> None:
    """The formula written out: MeanVarianceNormalization has an eps of its own."""
    param = layer.message.mvn_param
    x = emitter.unsqueezed_behind(layer.bottoms[0], _AXES - len(layer.bottom_shapes[0]))
    axes = [1, 2, 3] if param.across_channels else [2, 3]
    mean = emitter.reduce("ReduceMean", [x], axes, inner="mean")
    if not param.normalize_variance:
        emitter.node("Sub", [x, mean[0]])
        return
    centred = emitter.node("Sub", [x, mean[0]], inner="centred")
    squared = emitter.node("Mul", [centred[0], centred[0]], inner="squared")
    variance = emitter.reduce("ReduceMean", squared, axes, inner="variance")
    deviation = emitter.node("Sqrt", variance, inner="deviation")
    raised = emitter.node("Add", [deviation[0], emitter.scalar("eps", param.eps)], inner="deviation_eps")
    emitter.node("Div", [centred[0], raised[0]])


@evaluation("MVN")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself, with one row for each set of numbers."""
    param = layer.message.mvn_param
    x = bottoms[0].reshape(*bottoms[0].shape, *[1] * (_AXES - bottoms[0].ndim))
    rows = x.reshape(x.shape[0], -1) if param.across_channels else x.reshape(x.shape[0] * x.shape[1], -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    if param.normalize_variance:
        with np.errstate(invalid="ignore"):  # 0/0 for a flat blob and eps 0, as in Caffe
            rows = rows / (np.sqrt(np.square(rows).mean(axis=1, keepdims=True)) + param.eps)
    return [rows.reshape(x.shape)]


@reach("MVN")
def reaches(layer: Layer) -> Sequence[Reach]:
    """Every number depends on the whole picture."""
    return [Reach(size, 1, is_upsampling=False) for size in layer.bottom_shapes[0][2:]]
