"""AbsVal: |x| (`absval_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("AbsVal")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom.

    Raises:
        BadInput: CTK505 in place, which Caffe refuses.
    """
    found = like_bottom(layer)
    if layer.in_place:
        raise layer.fault("CTK505", "AbsVal cannot run in place: give its top another name")
    return found


@emission("AbsVal")
def emit(layer: Layer, emitter: Emitter) -> None:
    """One Abs."""
    emitter.node("Abs", layer.bottoms)


@evaluation("AbsVal")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:  # noqa: ARG001
    """The formula itself."""
    return [np.abs(bottoms[0])]
