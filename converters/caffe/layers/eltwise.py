"""Eltwise: sum (with coefficients), product or maximum of blobs of one shape (`eltwise_layer.cpp`).

`stable_prod_grad` concerns training only. With MAX Caffe reads coefficients and does not use them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape
from converters.caffe.schema import EltwiseParameter

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


_PROD, _SUM, _MAX = EltwiseParameter.PROD, EltwiseParameter.SUM, EltwiseParameter.MAX


@shape_rule("Eltwise")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottoms.

    Raises:
        BadInput: CTK505 in place except for PROD; CTK507 for coefficients that do not fit; CTK508 for
            bottoms of different shapes, since nothing is broadcast.
    """
    layer.expect(bottoms=(2, None), tops=(1, 1))
    _check_coefficients(layer)
    if layer.in_place and layer.message.eltwise_param.operation != _PROD:
        # Caffe clears the top before it reads the bottoms, so the first bottom is lost.
        raise layer.fault(
            "CTK505",
            "an Eltwise that sums or takes the maximum cannot run in place: give its top another name",
        )
    for slot, other in enumerate(layer.bottom_shapes):
        if other != layer.bottom_shapes[0]:
            raise layer.fault(
                "CTK508",
                f"all bottoms must have one shape: {layer.bottoms[0]!r} has {layer.bottom_shapes[0]}, "
                f"{layer.bottoms[slot]!r} has {other}",
            )
    return LayerShape((layer.bottom_shapes[0],))


def _check_coefficients(layer: Layer) -> None:
    param = layer.message.eltwise_param
    if param.coeff and len(param.coeff) != len(layer.bottoms):
        raise layer.fault(
            "CTK507", f"{len(param.coeff)} coeff for {len(layer.bottoms)} bottoms; none or one each is needed"
        )
    if param.coeff and param.operation == _PROD:
        raise layer.fault("CTK507", "coeff goes with operation SUM only")


@emission("Eltwise")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Add (Sum for more than two), a chain of Mul, or Max; bottoms with a coefficient are multiplied first."""
    operation = layer.message.eltwise_param.operation
    if operation == _SUM:
        terms = _terms(layer, emitter)
        emitter.node("Add" if len(terms) == 2 else "Sum", terms)
    elif operation == _MAX:
        emitter.node("Max", layer.bottoms)
    else:
        *others, last = layer.bottoms
        product = others[0]
        for number, other in enumerate(others[1:], start=1):
            product = emitter.node("Mul", [product, other], inner=f"product{number}")[0]
        emitter.node("Mul", [product, last])


def _terms(layer: Layer, emitter: Emitter) -> list[str]:
    terms = list(layer.bottoms)
    for slot, coefficient in enumerate(layer.message.eltwise_param.coeff):
        if coefficient != 1:
            factor = emitter.scalar(f"coeff{slot}", coefficient)
            terms[slot] = emitter.node("Mul", [terms[slot], factor], inner=f"term{slot}")[0]
    return terms


@evaluation("Eltwise")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself, over all bottoms at once."""
    param = layer.message.eltwise_param
    if param.operation == _PROD:
        return [np.prod(bottoms, axis=0)]
    if param.operation == _MAX:
        return [np.max(bottoms, axis=0)]
    coefficients = np.array(param.coeff or [1] * len(bottoms), np.float64)
    return [np.asarray(np.tensordot(coefficients, np.stack(bottoms), axes=1))]
