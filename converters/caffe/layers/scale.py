"""Scale: a product along some axes, with an optional bias (`scale_layer.cpp`).

With one bottom the scale is a blob of shape bottom[axis : axis + num_axes]; with two, the second bottom is
the scale and the bias (if any) is blob 0, with the second bottom's shape.
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
    """First axis that the scale covers, and its shape."""
    param = layer.message.scale_param
    if len(layer.bottoms) == 2:
        if param.bias_term:
            layer.canonical_axis(param.axis)  # the bias is a Bias layer inside, for which the axis must exist
        return place_second_bottom(layer, param.axis, "scale"), layer.bottom_shapes[1]
    return covered_by_blob(layer, param.axis, param.num_axes)


@shape_rule("Scale")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the first bottom; blobs scale (one bottom only) and bias.

    Raises:
        BadInput: CTK507, CTK508 when axes or shapes do not fit.
    """
    layer.expect(bottoms=(1, 2), tops=(1, 1))
    param = layer.message.scale_param
    _, covered = _placed(layer)
    blobs = []
    if len(layer.bottoms) == 1:
        blobs.append(BlobSpec("scale", covered, param.filler if param.HasField("filler") else None, 1.0))
    if param.bias_term:
        blobs.append(BlobSpec("bias", covered, param.bias_filler if param.HasField("bias_filler") else None))
    return LayerShape((layer.bottom_shapes[0],), tuple(blobs))


def _broadcastable(layer: Layer) -> Shape:
    """The covered shape with ones behind it, so that it broadcasts against the bottom."""
    axis, covered = _placed(layer)
    return (*covered, *[1] * ones_behind(layer, axis, covered))


@emission("Scale")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Mul, and Add for the bias; a node of its own even where it could be folded (DESIGN §5)."""
    placed = _broadcastable(layer)
    if len(layer.bottoms) == 1:
        factor = emitter.parameter(0, shape=placed)
    else:
        factor = emitter.unsqueezed_behind(layer.bottoms[1], len(placed) - len(layer.bottom_shapes[1]))
    if not layer.message.scale_param.bias_term:
        emitter.node("Mul", [layer.bottoms[0], factor])
        return
    product = emitter.node("Mul", [layer.bottoms[0], factor], inner="scaled")
    emitter.node("Add", [product[0], emitter.parameter(len(layer.blobs) - 1, shape=placed)])


@evaluation("Scale")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Outer, covered and inner axes made explicit: (outer, covered, inner) times (covered)."""
    x = bottoms[0]
    blobs = [np.asarray(blob.values, np.float64) for blob in layer.blobs]
    scale = bottoms[1] if len(bottoms) == 2 else blobs.pop(0)
    axis = layer.message.scale_param.axis % x.ndim if x.ndim else 0
    rows = int(np.prod(x.shape[:axis], dtype=int))
    flat = x.reshape(rows, scale.size, -1) * scale.reshape(1, -1, 1)
    if blobs:
        flat = flat + blobs[0].reshape(1, -1, 1)
    return [flat.reshape(x.shape)]
