"""Bias: a sum along some axes (`bias_layer.cpp`).

With one bottom the bias is a blob of shape bottom[axis : axis + num_axes] (-1: to the end, 0: one number);
with two it is the second bottom, which covers as many axes of the first as it has, from `axis` on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._covered_axes import covered_by_blob, ones_behind, place_second_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import BlobSpec, Layer, LayerShape, Shape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


def _placed(layer: Layer) -> tuple[int, Shape]:
    """First axis that the bias covers, and its shape."""
    param = layer.message.bias_param
    if len(layer.bottoms) == 2:
        return place_second_bottom(layer, param.axis, "bias"), layer.bottom_shapes[1]
    return covered_by_blob(layer, param.axis, param.num_axes)


@shape_rule("Bias")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the first bottom; blob bias, unless a second bottom is the bias.

    Raises:
        BadInput: CTK507 when axis or num_axes do not fit; CTK508 when the second bottom does not.
    """
    layer.expect(bottoms=(1, 2), tops=(1, 1))
    _, covered = _placed(layer)
    param = layer.message.bias_param
    spec = BlobSpec("bias", covered, param.filler if param.HasField("filler") else None)
    return LayerShape(layer.bottom_shapes[:1], (spec,) if len(layer.bottoms) == 1 else ())


@emission("Bias")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One Add; the bias gets ones behind it to lie along its axes."""
    axis, covered = _placed(layer)
    behind = ones_behind(layer, axis, covered)
    if len(layer.bottoms) == 2:
        bias = emitter.unsqueezed_behind(layer.bottoms[1], behind)
    else:
        bias = emitter.parameter(0, shape=(*covered, *[1] * behind))
    emitter.node("Add", [layer.bottoms[0], bias])


@evaluation("Bias")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Outer, covered and inner axes made explicit: (outer, covered, inner) plus (covered)."""
    x = bottoms[0]
    bias = bottoms[1] if len(bottoms) == 2 else layer.blobs[0].values.astype(np.float64)
    if bias.ndim == 0:
        return [x + bias]
    axis = layer.message.bias_param.axis % x.ndim
    inner = x[(0,) * (axis + bias.ndim)].size
    return [(x.reshape(-1, bias.size, inner) + bias.reshape(1, -1, 1)).reshape(x.shape)]
