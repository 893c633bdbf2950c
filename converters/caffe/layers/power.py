"""Power: (shift + scale * x)^power (`power_layer.cpp`).

Where scale or power is 0 the bottom does not count, not even an infinite one: the top is shift^power, and 1
for power 0. A negative number to a power that is no integer is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._elementwise import Step, affine_steps, emit_steps, like_bottom
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Power")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom."""
    return like_bottom(layer)


def _ignores_bottom(layer: Layer) -> bool:
    """Caffe's test, a product in float32 (which may also become 0 because it is tiny)."""
    param = layer.message.power_param
    with np.errstate(all="ignore"):
        return bool(np.float32(param.power) * np.float32(param.scale) == 0)


@emission("Power")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Mul, Add and Pow, as far as they change anything; a constant is spread over the bottom's size."""
    param = layer.message.power_param
    if not _ignores_bottom(layer):
        last = [Step("Pow", "power", param.power)] if param.power != 1 else []
        emit_steps(layer, emitter, [*affine_steps(param.scale, param.shift), *last])
        return
    with np.errstate(all="ignore"):  # 0 to a negative power is infinite, in Caffe too
        value = float(np.power(np.float64(param.shift), param.power).astype(np.float32))
    size = emitter.node("Shape", layer.bottoms, inner="size")
    emitter.node("Expand", [emitter.scalar("value", value), size[0]])


@evaluation("Power")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself; NumPy's x^0 is 1 for every x, as is Caffe's."""
    param = layer.message.power_param
    inside = np.full_like(bottoms[0], param.shift)
    if not _ignores_bottom(layer):
        inside = param.shift + param.scale * bottoms[0]
    with np.errstate(all="ignore"):
        return [np.power(inside, param.power)]
