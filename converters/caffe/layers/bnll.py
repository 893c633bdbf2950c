"""BNLL: log(1 + e^x), written so that a large x does not overflow (`bnll_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import like_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("BNLL")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom."""
    return like_bottom(layer)


@emission("BNLL")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Softplus, the same function; runtimes guard it against overflow as Caffe does."""
    emitter.node("Softplus", layer.bottoms)


@evaluation("BNLL")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:  # noqa: ARG001
    """max(x, 0) + log(1 + e^-|x|), finite for every x."""
    (x,) = bottoms
    return [np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))]
