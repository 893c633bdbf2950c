"""Embed: rows of a weight matrix, picked by number (`embed_layer.cpp`).

The numbers are floats that are cut to integers. Weights are (input_dim, num_output).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import MOST_ELEMENTS, BlobSpec, Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Embed")
def shape(layer: Layer) -> LayerShape:
    """The bottom's shape with `num_output` behind it; blobs weight and bias.

    Raises:
        BadInput: CTK505 in place, CTK507 when `num_output` or `input_dim` is not positive.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    refuse_in_place(layer, "numbers would be overwritten before they are read")
    param = layer.message.embed_param
    for name, value in (("num_output", param.num_output), ("input_dim", param.input_dim)):
        if not 1 <= value <= MOST_ELEMENTS:
            raise layer.fault("CTK507", f"{name} {value} must be between 1 and 2^31 - 1")
    filler = param.weight_filler if param.HasField("weight_filler") else None
    blobs = [BlobSpec("weight", (param.input_dim, param.num_output), filler)]
    if param.bias_term:
        filler = param.bias_filler if param.HasField("bias_filler") else None
        blobs.append(BlobSpec("bias", (param.num_output,), filler))
    return LayerShape(((*layer.bottom_shapes[0], param.num_output),), tuple(blobs))


@emission("Embed")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Cast and Gather, and Add for the bias."""
    weight = emitter.parameter(0)
    indices = emitter.node("Cast", layer.bottoms, inner="indices", to=_INT64)
    if len(layer.blobs) == 1:
        emitter.node("Gather", [weight, indices[0]], axis=0)
        return
    rows = emitter.node("Gather", [weight, indices[0]], inner="rows", axis=0)
    emitter.node("Add", [rows[0], emitter.parameter(1)])


_INT64 = 7  # TensorProto.INT64


@evaluation("Embed")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Rows of the matrix.

    Raises:
        BadInput: CTK508 for a number that is no row; Caffe would read foreign memory.
    """
    blobs = [blob.values.astype(np.float64) for blob in layer.blobs]
    indices = np.trunc(bottoms[0])
    if not np.all((indices >= 0) & (indices < len(blobs[0]))):
        raise layer.fault("CTK508", f"the bottom names a row outside the {len(blobs[0])} that there are")
    rows = blobs[0][indices.astype(np.int64)]
    return [rows + blobs[1] if len(blobs) > 1 else rows]
