"""Log: the logarithm of shift + scale * x to a base, where base -1 stands for e (`log_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import Step, affine_steps, emit_steps, like_bottom
from converters.caffe.layers._logarithm import NATURAL, log_of_base
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Log")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom.

    Raises:
        BadInput: CTK507 for a base that is neither -1 nor positive and finite, and for base 1.
    """
    if log_of_base(layer, layer.message.log_param.base) == 0:
        raise layer.fault("CTK507", "there is no logarithm to base 1")
    return like_bottom(layer)


@emission("Log")
def emit(layer: Layer, emitter: Emitter) -> None:
    """The natural logarithm, then a division by that of the base, as a factor in float32 as Caffe has it."""
    param = layer.message.log_param
    factor = float(np.float32(1) / np.float32(log_of_base(layer, param.base)))
    behind = [Step("Mul", "base_scale", factor)] if factor != 1 else []
    emit_steps(layer, emitter, [*affine_steps(param.scale, param.shift), Step("Log", "log"), *behind])


@evaluation("Log")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself; minus infinity for 0 and NaN below it, as in Caffe."""
    param = layer.message.log_param
    with np.errstate(divide="ignore", invalid="ignore"):
        natural = np.log(param.shift + param.scale * bottoms[0])
    return [natural if param.base == NATURAL else natural / np.log(param.base)]
