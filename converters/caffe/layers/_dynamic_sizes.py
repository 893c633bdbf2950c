"""The refusal of layers that ONNX cannot express at a dynamic size."""

from __future__ import annotations

from converters.caffe.network import Layer
from toolkit.errors import UsageFault


def needs_fixed_sizes(layer: Layer, what: str) -> UsageFault:
    """CTK604: there is no form of this layer that holds for every size.

    Args:
        layer: The layer.
        what: What it is that needs a fixed size.
    """
    return UsageFault(
        "CTK604",
        f"{layer.type}: {what} needs fixed sizes",
        layer.where,
        ["convert with fixed sizes: --input-shape NAME:1,3,224,224 without dynamic axes"],
    )
