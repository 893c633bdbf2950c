"""Upsample: every pixel repeated `scale` times in both directions (darknet2caffe's `upsample_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_reshaped_in_place
from converters.caffe.layers.registry import Array, emission, evaluation, keeps_values, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

_UNPOOLING = ("scale_h", "scale_w", "pad_out_h", "pad_out_w", "upsample_h", "upsample_w")

keeps_values("Upsample")  # in place only scale 1 is accepted


@shape_rule("Upsample")
def shape(layer: Layer) -> LayerShape:
    """Height and width times `scale`.

    Raises:
        BadInput: CTK505 in place, CTK506 for SegNet's unpooling, which has the same name; CTK507 for scale 0;
            CTK508 when the bottom has not four axes.
    """
    param = layer.message.upsample_param
    if len(layer.bottoms) == 2 or any(param.HasField(name) for name in _UNPOOLING):
        raise layer.fault(
            "CTK506",
            "this Upsample is SegNet's unpooling by a mask, which is not supported",
            "supported is the one with a single bottom and `scale`, which repeats pixels",
        )
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    bottom = layer.bottom_shapes[0]
    if len(bottom) != 4:
        raise layer.fault("CTK508", f"Upsample needs a bottom of four axes, this one has shape {bottom}")
    if param.scale < 1:
        raise layer.fault("CTK507", f"scale {param.scale} must be at least 1")
    top = (*bottom[:2], bottom[2] * param.scale, bottom[3] * param.scale)
    refuse_reshaped_in_place(layer, top)
    return LayerShape((top,))


@emission("Upsample")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Resize to the nearest, with positions divided by the scale and rounded down."""
    scale = layer.message.upsample_param.scale
    scales = emitter.constant("scales", np.asarray([1, 1, scale, scale], np.float32))
    # `roi` could not be left out before opset 13.
    roi = emitter.constant("no_roi", np.zeros(0, np.float32)) if emitter.opset < 13 else ""
    emitter.node(
        "Resize",
        [layer.bottoms[0], roi, scales],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


@evaluation("Upsample")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Rows and columns repeated."""
    scale = layer.message.upsample_param.scale
    return [bottoms[0].repeat(scale, axis=2).repeat(scale, axis=3)]
