"""Strides, dilations and padding of a node, from ONNX and from the layers that OpenVINO makes of it."""

from __future__ import annotations

from typing import Any

from converters.diff.comparable import Part
from converters.inspection.ir_reach import integers
from converters.openvino.ir_network import IrLayer, IrNetwork

_LAYERS = {
    "Conv": ("Convolution", "GroupConvolution"),
    "ConvTranspose": ("ConvolutionBackpropData", "GroupConvolutionBackpropData"),
    "MaxPool": ("MaxPool",),
    "AveragePool": ("AvgPool",),
}
_EXPLICIT = ("", "explicit", "notset")


def onnx_window(part: Part) -> dict[str, Any]:
    """Of an ONNX node, for as many axes as it makes spatial ones; nothing where its padding is not explicit."""
    stated = part.attributes
    axes = _spatial_axes(part)
    if part.type not in _LAYERS or axes is None:
        return {}
    if str(stated.get("auto_pad", "")).lower() not in _EXPLICIT:
        return {}
    pads = list(stated.get("pads") or [0] * (2 * axes))
    found = {"strides": list(stated.get("strides") or [1] * axes), "pads": pads}
    if part.type in {"Conv", "ConvTranspose"}:
        found["dilations"] = list(stated.get("dilations") or [1] * axes)
    else:
        found["kernel"] = list(stated.get("kernel_shape") or [])
    return found


def ir_window(network: IrNetwork, layer: IrLayer, part: Part) -> dict[str, Any]:
    """The same of the layers that end with ``layer``; nothing where `onnx_window` has nothing."""
    wanted = onnx_window(part)
    if not wanted:
        return {}
    windowed = _windowed(network, layer, _LAYERS[part.type])
    if windowed is None:
        return {}
    stated = windowed.attributes
    if stated.get("auto_pad", "").lower() not in _EXPLICIT:
        return {}
    pads = [*(integers(stated.get("pads_begin")) or []), *(integers(stated.get("pads_end")) or [])]
    found = {"strides": integers(stated.get("strides")), "pads": pads}
    for name in ("dilations", "kernel"):
        if name in wanted:
            found[name] = integers(stated.get(name))
    return found


def _spatial_axes(part: Part) -> int | None:
    made = part.dims[0] if part.dims else None
    return None if made is None else len(made) - 2


def _windowed(network: IrNetwork, layer: IrLayer, types: tuple[str, ...]) -> IrLayer | None:
    """The layer itself, or the nearest of these types behind it that makes no value of the source."""
    left, seen = [layer], {layer.id}
    while left:
        found = left.pop(0)
        if found.type in types:
            return found
        for source in found.sources:
            before = network.layers[source.layer]
            if before.id not in seen and not before.tensor_names and before.type != "ShapeOf":
                seen.add(before.id)
                left.append(before)
    return None
