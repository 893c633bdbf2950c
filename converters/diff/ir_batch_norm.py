"""BatchNorm that OpenVINO has written as a product and a sum: factor = scale / sqrt(variance + epsilon),
shift = bias - mean * factor (https://onnx.ai/onnx/operators/onnx__BatchNormalization.html).
"""  # noqa: D205

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from converters.diff.comparable import Comparable, Load, Part, Weight
from converters.inspection.ir_weights import IrWeight
from converters.openvino.ir_network import IrLayer, IrNetwork
from converters.openvino.ir_reading import Ir

_HOW = "into the product and the sum that OpenVINO makes of BatchNorm"
_EPSILON = 1e-5  # the default of ONNX


def split_norms(
    ir: Ir,
    other: Comparable,
    weights: Mapping[int, IrWeight],
    found: Mapping[str, int],
    layers: Mapping[str, IrLayer],
) -> tuple[list[Weight], dict[str, int]]:
    """Finds such products and sums.

    Args:
        ir: The IR.
        other: The model beside it, which has the BatchNormalization nodes.
        weights: Constants of the IR.
        found: Those that were found by name already.
        layers: Layers of the IR by name of the node.

    Returns:
        The weights of ``other``, with mean and variance knowing what they are folded into, and by the names of
        those two the constants of the IR: the shift and the factor.
    """
    arrays = {weight.name: weight for weight in other.weights}
    constants: dict[str, int] = {}
    for part in other.parts or ():
        held = [arrays.get(source.name) for source in part.sources[1:5]]
        if part.type != "BatchNormalization" or part.name not in layers or len(held) != 4:
            continue
        known = [weight for weight in held if weight is not None and weight.load is not None]
        place = _product_and_sum(ir.network, layers[part.name], weights)
        if len(known) != 4 or place is None or any(weight.name in found for weight in known[2:]):
            continue
        scale, bias, mean, variance = known
        factor, shift = _folded(part, known)
        constants |= {mean.name: place[1], variance.name: place[0]}
        arrays[mean.name] = replace(mean, folding=shift, converted=None, folded_how=_HOW)
        arrays[variance.name] = replace(variance, folding=factor, converted=None, folded_how=_HOW)
        for weight in (scale, bias):
            arrays[weight.name] = replace(weight, folded=_HOW)
    return list(arrays.values()), constants


def _product_and_sum(
    network: IrNetwork, layer: IrLayer, weights: Mapping[int, IrWeight]
) -> tuple[int, int] | None:
    """Ids of the constants of ``x * factor + shift``."""
    if layer.type != "Add":
        return None
    shift = [source.layer for source in layer.sources if source.layer in weights]
    products = [network.layers[s.layer] for s in layer.sources if network.layers[s.layer].type == "Multiply"]
    factor = [s.layer for product in products for s in product.sources if s.layer in weights]
    return (factor[0], shift[0]) if len(factor) == len(shift) == 1 else None


def _folded(part: Part, known: list[Weight]) -> tuple[Load, Load]:
    epsilon = float(part.attributes.get("epsilon", _EPSILON))

    def arrays() -> list[NDArray[np.float64]]:
        loads = [weight.converted or weight.load for weight in known]
        return [load().astype(np.float64).reshape(-1) for load in loads if load is not None]

    def factor() -> NDArray[np.float64]:
        scale, _, _, variance = arrays()
        return scale / np.sqrt(variance + epsilon)

    def shift() -> NDArray[np.float64]:
        _, bias, mean, _ = arrays()
        return bias - mean * factor()

    return factor, shift
