"""InnerProduct: axes from `axis` on, flattened, times a matrix (`inner_product_layer.cpp`).

Weights are (num_output, K), with `transpose` (K, num_output). Axes before `axis` are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers.registry import Array, emission, evaluation, macs, shape_rule
from converters.caffe.network import BlobSpec, Layer, LayerShape, elements

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("InnerProduct")
def shape(layer: Layer) -> LayerShape:
    """(axes before `axis`, num_output); blobs weight and bias.

    Raises:
        BadInput: CTK507 when num_output is below 1 or the axis does not exist.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    refuse_in_place(layer, "the bottom would be overwritten before it is read")
    param = layer.message.inner_product_param
    if not 1 <= param.num_output < 2**31:
        raise layer.fault("CTK507", f"num_output {param.num_output} must be at least 1 and below 2^31")
    bottom = layer.bottom_shapes[0]
    axis = layer.canonical_axis(param.axis)
    inputs = elements(bottom[axis:])
    weight = (inputs, param.num_output) if param.transpose else (param.num_output, inputs)
    blobs = [BlobSpec("weight", weight, param.weight_filler if param.HasField("weight_filler") else None)]
    if param.bias_term:
        filler = param.bias_filler if param.HasField("bias_filler") else None
        blobs.append(BlobSpec("bias", (param.num_output,), filler))
    return LayerShape(((*bottom[:axis], param.num_output),), tuple(blobs))


@emission("InnerProduct")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Gemm for at most one axis in front, else MatMul, which keeps any number of them."""
    axis = layer.canonical_axis(layer.message.inner_product_param.axis)
    if axis <= 1:
        _emit_gemm(layer, emitter, axis)
    else:
        _emit_matmul(layer, emitter, axis)


def _emit_gemm(layer: Layer, emitter: Emitter, axis: int) -> None:
    rows = list(layer.bottoms)
    if axis == 0 or len(layer.bottom_shapes[0]) > 2:
        rows = emitter.node("Flatten", rows, inner="rows", axis=axis)
    inputs = [rows[0], *(emitter.parameter(i) for i in range(len(layer.blobs)))]
    transposed = 0 if layer.message.inner_product_param.transpose else 1
    if axis == 1:
        emitter.node("Gemm", inputs, transB=transposed)
        return
    row = emitter.node("Gemm", inputs, inner="row", transB=transposed)
    emitter.reshaped(row[0], list(layer.top_shapes[0]))


def _emit_matmul(layer: Layer, emitter: Emitter, axis: int) -> None:
    rows = list(layer.bottoms)
    if len(layer.bottom_shapes[0]) > axis + 1:
        rows = emitter.reshaped(rows[0], [*[0] * axis, -1], inner="rows")
    if layer.message.inner_product_param.transpose:
        weight = emitter.parameter(0)
    else:
        weight = emitter.parameter(0, shape=layer.blobs[0].values.shape[::-1], transform=_transposed)
    if len(layer.blobs) == 1:
        emitter.node("MatMul", [rows[0], weight])
        return
    products = emitter.node("MatMul", [rows[0], weight], inner="products")
    emitter.node("Add", [products[0], emitter.parameter(1)])


def _transposed(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    return weight.T


@evaluation("InnerProduct")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """One matrix product over all flattened rows."""
    (x,) = bottoms
    param = layer.message.inner_product_param
    weight = layer.blobs[0].values.astype(np.float64)
    lead = x.shape[: param.axis % x.ndim]
    rows = x.reshape(int(np.prod(lead, dtype=int)), -1)
    result = rows @ (weight if param.transpose else weight.T)
    if param.bias_term:
        result = result + layer.blobs[1].values.astype(np.float64)
    return [result.reshape(*lead, -1)]


@macs("InnerProduct")
def count_macs(layer: Layer) -> int:
    """Every row of the bottom goes through the whole matrix."""
    axis = layer.canonical_axis(layer.message.inner_product_param.axis)
    return elements(layer.bottom_shapes[0]) * layer.top_shapes[0][axis]
