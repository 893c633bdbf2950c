"""Axpy of SENet: a * x + y, one number a for each channel of each item.

After `axpy_layer.cpp` in hujie-frank/SENet. Bottoms: a (N x C, or with ones behind), x and y of one shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Axpy")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of x.

    Raises:
        BadInput: CTK505 in place, where the layer overwrites a; CTK508 for shapes that do not go together.
    """
    layer.expect(bottoms=(3, 3), tops=(1, 1))
    if layer.in_place:
        raise layer.fault("CTK505", "Axpy cannot run in place: give its top another name")
    a, x, y = layer.bottom_shapes
    if x != y:
        raise layer.fault("CTK508", f"x and y must have one shape, these have {x} and {y}")
    if not 2 <= len(x) <= 4:
        raise layer.fault("CTK508", f"Axpy takes 2 to 4 axes, x has shape {x}")
    if a[:2] != x[:2] or any(size != 1 for size in a[2:]):
        raise layer.fault("CTK508", f"a must have shape {x[:2]}, with or without ones behind, not {a}")
    return LayerShape((x,))


@emission("Axpy")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Mul and Add; a gets as many axes as x, by a Reshape that copies the first two sizes."""
    a, x, y = layer.bottoms
    rank = len(layer.bottom_shapes[1])
    if len(layer.bottom_shapes[0]) != rank:
        a = emitter.reshaped(a, [0, 0, *[1] * (rank - 2)], inner="a")[0]
    product = emitter.node("Mul", [a, x], inner="product")
    emitter.node("Add", [product[0], y])


@evaluation("Axpy")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:  # noqa: ARG001
    """The formula itself, item by item and channel by channel."""
    a, x, y = bottoms
    return [np.einsum("nc,nc...->nc...", a.reshape(x.shape[:2]), x) + y]
