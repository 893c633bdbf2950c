"""Multiply-accumulates of the layers of an OpenVINO IR, counted as for ONNX (`onnx_macs.py`).

Grouped weights have the groups on an axis of their own: [groups, outputs, inputs, kernel...], for a transposed
convolution [groups, inputs, outputs, kernel...].
"""

from __future__ import annotations

from math import prod

from converters.inspection.graph_rows import times
from converters.inspection.ir_shapes import IrShapes
from converters.openvino.ir_network import IrLayer, IrSource

UNCOUNTED = frozenset(
    [
        "BinaryConvolution",
        "DeformableConvolution",
        "Einsum",
        "GRUCell",
        "GRUSequence",
        "If",
        "LSTMCell",
        "LSTMSequence",
        "Loop",
        "RNNCell",
        "RNNSequence",
        "ScaledDotProductAttention",
        "TensorIterator",
    ]
)
"""Layers that multiply and accumulate in other forms; a reader is told that they are not in the sum."""
# Axes of the weight by which a number is not multiplied: of the result, or of what a transposed one reads.
_SKIPPED = {
    "Convolution": 1, "GroupConvolution": 2, "ConvolutionBackpropData": 1, "GroupConvolutionBackpropData": 2,
}  # fmt: skip


def macs_of(layer: IrLayer, shapes: IrShapes) -> int | None:
    """Multiply-accumulates of one layer, for a batch of 1 where it is open; None when a size is not known."""
    if not layer.version.startswith("opset") or len(layer.sources) < 2 or not layer.outputs:
        return 0
    made, first = IrSource(layer.id, 0), layer.sources[0]
    if layer.type in _SKIPPED:
        counted = shapes.sizes(first if layer.type.endswith("BackpropData") else made)
        return times(_product(counted), shapes.sizes(layer.sources[1]), _SKIPPED[layer.type])
    if layer.type == "MatMul":
        is_turned = layer.attributes.get("transpose_a", "false") in {"true", "1"}
        read = shapes.sizes(first)
        axis = -2 if is_turned and read and len(read) > 1 else -1
        return times(_product(shapes.sizes(made)), (read[axis],), 0) if read else None
    return 0


def _product(sizes: tuple[int, ...] | None) -> int | None:
    return None if sizes is None else prod(sizes)
