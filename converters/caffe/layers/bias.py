"""Bias: a sum along some axes (`bias_layer.cpp`).

With one bottom the bias is a blob of shape bottom[axis : axis + num_axes] (-1: to the end, 0: one number);
with two it is the second bottom, which covers as many axes of the first as it has, from `axis` on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import BlobSpec, Layer, LayerShape, Shape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


def _axis(layer: Layer, operand_axes: int) -> int:
    """First axis that the bias covers; a bias without axes may say any, even one that does not exist."""
    if len(layer.bottoms) == 2 and operand_axes == 0:
        return 0
    return layer.canonical_axis(layer.message.bias_param.axis)


def _covered(layer: Layer) -> Shape:
    """Shape of the blob of a layer with one bottom."""
    num_axes = layer.message.bias_param.num_axes
    bottom = layer.bottom_shapes[0]
    axis = layer.canonical_axis(layer.message.bias_param.axis)
    if num_axes < -1 or axis + num_axes > len(bottom):
        raise layer.fault(
            "CTK507", f"num_axes {num_axes} from axis {axis} does not fit a bottom of {len(bottom)} axes"
        )
    return bottom[axis:] if num_axes == -1 else bottom[axis : axis + num_axes]


@shape_rule("Bias")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the first bottom; blob bias, unless a second bottom is the bias.

    Raises:
        BadInput: CTK507 when axis or num_axes do not fit; CTK508 when the second bottom does not.
    """
    layer.expect(bottoms=(1, 2), tops=(1, 1))
    bottom = layer.bottom_shapes[0]
    if len(layer.bottoms) == 1:
        param = layer.message.bias_param
        spec = BlobSpec("bias", _covered(layer), param.filler if param.HasField("filler") else None)
        return LayerShape((bottom,), (spec,))
    operand = layer.bottom_shapes[1]
    axis = _axis(layer, len(operand))
    if bottom[axis : axis + len(operand)] != operand:
        raise layer.fault("CTK508", f"bias of shape {operand} does not fit {bottom} from axis {axis} on")
    return LayerShape((bottom,))


@emission("Bias")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One Add; the bias gets ones behind it to lie along its axes."""
    rank = len(layer.bottom_shapes[0])
    if len(layer.bottoms) == 2:
        axes = len(layer.bottom_shapes[1])
        # A scalar needs no axes to broadcast.
        behind = rank - _axis(layer, axes) - axes if axes else 0
        bias = emitter.unsqueezed_behind(layer.bottoms[1], behind)
    else:
        covered = _covered(layer)
        bias = emitter.parameter(0, shape=(*covered, *[1] * (rank - _axis(layer, 1) - len(covered))))
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
