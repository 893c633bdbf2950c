"""Parameter: a blob of weights as a top (`parameter_layer.hpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import BlobSpec, Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Parameter")
def shape(layer: Layer) -> LayerShape:
    """The stated shape, of the top and of the only blob.

    Raises:
        BadInput: CTK508 for a size below 1.
    """
    layer.expect(bottoms=(0, 0), tops=(1, 1))
    stated = tuple(layer.message.parameter_param.shape.dim)
    if any(size < 1 for size in stated):
        raise layer.fault("CTK508", f"parameter shape {stated} has a size below 1")
    return LayerShape((stated,), (BlobSpec("value", stated),))


@emission("Parameter")
def emit(layer: Layer, emitter: Emitter) -> None:  # noqa: ARG001
    """Identity of the initializer, so that the top keeps its name."""
    emitter.node("Identity", [emitter.parameter(0)])


@evaluation("Parameter")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:  # noqa: ARG001
    """The blob."""
    return [layer.blobs[0].values.astype(np.float64)]
