"""An OpenVINO IR as a `Network`."""

from __future__ import annotations

from math import prod
from pathlib import Path

from benchmarks.roofline.cost import Network, Operation, Tensor
from benchmarks.roofline.element_bits import bits_of
from converters.inspection.ir_macs import UNCOUNTED, macs_of
from converters.inspection.ir_reach import integers, value_fields
from converters.inspection.ir_shapes import BATCH, IrShapes
from converters.openvino.ir_network import IrLayer, IrNetwork, IrSource
from converters.openvino.ir_reading import dtype_name, read_ir

# Where the sizes of a window begin in the weight of a convolution; a grouped one has the groups first.
_KERNEL_FROM = {"Convolution": 2, "GroupConvolution": 3}


def ir_network(path: Path) -> Network:
    """Reads the xml of an IR and the bin beside it.

    Raises:
        BadInput: As `converters.openvino.ir_reading.read_ir`.
    """
    ir = read_ir(path)
    shapes = IrShapes(ir.network, value_fields(ir))
    layers = list(ir.network.layers.values())
    inputs = [IrSource(layer.id, 0) for layer in ir.network.of_type("Parameter")]
    tensors = {value: _tensor(value, shapes) for layer in layers for value in _made(layer)}
    return Network(
        operations=[_operation(layer, shapes) for layer in layers if layer.sources],
        inputs=inputs,
        outputs=[source for result in ir.network.of_type("Result") for source in result.sources],
        constants=frozenset(IrSource(layer.id, 0) for layer in ir.network.of_type("Const")),
        tensors=tensors,
        batch=None if any(tensors[value].has_batch for value in inputs) else _own_batch(ir.network),
        uncounted=[layer.type for layer in layers if layer.type in UNCOUNTED],
    )


def _made(layer: IrLayer) -> list[IrSource]:
    return [IrSource(layer.id, slot) for slot in range(len(layer.outputs))]


def _operation(layer: IrLayer, shapes: IrShapes) -> Operation:
    return Operation(layer.sources, _made(layer), macs_of(layer, shapes), _may_be_winograd(layer))


def _tensor(value: IrSource, shapes: IrShapes) -> Tensor:
    sizes = shapes.sizes(value)
    precision = shapes.network.layers[value.layer].outputs[value.slot].precision
    elements = None if sizes is None else prod(sizes)
    return Tensor(elements, bits_of(dtype_name(precision)), BATCH in shapes.dims(value))


def _own_batch(network: IrNetwork) -> int:
    firsts = (layer.outputs[0].dims for layer in network.of_type("Parameter") if layer.outputs)
    return next((dims[0] for dims in firsts if len(dims) > 1 and dims[0] > 0), 1)


def _may_be_winograd(layer: IrLayer) -> bool:
    start = _KERNEL_FROM.get(layer.type)
    if start is None or len(layer.inputs) < 2 or layer.inputs[1].dims[start:] != (3, 3):
        return False
    steps = [integers(layer.attributes.get(name)) or [] for name in ("strides", "dilations")]
    return {step for each in steps for step in each} <= {1}
