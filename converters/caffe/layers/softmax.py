"""Softmax along one axis, never flattened to two dimensions (`softmax_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._softmax import emit_softmax
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Softmax")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom."""
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    layer.canonical_axis(layer.message.softmax_param.axis)
    return LayerShape((layer.bottom_shapes[0],))


@emission("Softmax")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One Softmax, or one along the last axis between two Transposes."""
    emit_softmax(layer, emitter, layer.canonical_axis(layer.message.softmax_param.axis))


@evaluation("Softmax")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """exp(x - max) over its sum, as Caffe does to stay finite."""
    (x,) = bottoms
    axis = layer.message.softmax_param.axis
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return [e / e.sum(axis=axis, keepdims=True)]
