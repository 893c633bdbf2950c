"""Exp: base^(shift + scale * x), where base -1 stands for e (`exp_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import Step, emit_steps, like_bottom
from converters.caffe.layers._logarithm import NATURAL, log_of_base
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Exp")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom.

    Raises:
        BadInput: CTK507 for a base that is neither -1 nor positive and finite.
    """
    log_of_base(layer, layer.message.exp_param.base)
    return like_bottom(layer)


@emission("Exp")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Caffe's own form: e^(log(base) scale x) base^shift, both factors in float32."""
    param = layer.message.exp_param
    log_base = log_of_base(layer, param.base)
    with np.errstate(all="ignore"):  # an infinite factor is Caffe's as well
        inner = float(np.float32(log_base) * np.float32(param.scale))
        outer = float(np.exp(log_base * np.float64(param.shift)).astype(np.float32))
    before = [Step("Mul", "inner_scale", inner)] if inner != 1 else []
    behind = [Step("Mul", "outer_scale", outer)] if outer != 1 else []
    emit_steps(layer, emitter, [*before, Step("Exp", "exp"), *behind])


@evaluation("Exp")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself."""
    param = layer.message.exp_param
    exponent = param.shift + param.scale * bottoms[0]
    with np.errstate(over="ignore"):
        return [np.exp(exponent) if param.base == NATURAL else np.power(param.base, exponent)]
