"""An ONNX file as a `Network`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.roofline.cost import Network, Operation, Tensor
from benchmarks.roofline.element_bits import bits_of
from converters.inspection.onnx_macs import UNCOUNTED, macs_of
from converters.inspection.onnx_reading import initializer_names, read_onnx
from converters.inspection.onnx_shapes import Shapes, shapes_of

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto


def onnx_network(path: Path) -> Network:
    """Reads an ONNX file; external data may be missing.

    Raises:
        BadInput: CTK501, CTK502 or CTK517 for the file.
    """
    model = read_onnx(path)
    shapes = shapes_of(model)
    graph = model.graph
    constants = initializer_names(graph)
    constants |= {name for node in graph.node if node.op_type == "Constant" for name in node.output}
    return Network(
        operations=[_operation(node, shapes) for node in graph.node],
        inputs=shapes.inputs,
        outputs=[info.name for info in graph.output],
        constants=frozenset(constants),
        tensors={name: _tensor(name, shapes) for name in _values(graph, constants)},
        batch=None if shapes.batch else _own_batch(shapes),
        uncounted=[node.op_type for node in graph.node if node.op_type in UNCOUNTED],
    )


def _values(graph: GraphProto, constants: set[str]) -> set[str]:
    made = {name for node in graph.node for name in node.output}
    return {*made, *constants, *(info.name for info in graph.input)} - {""}


def _operation(node: NodeProto, shapes: Shapes) -> Operation:
    return Operation(
        reads=[name for name in node.input if name],
        makes=[name for name in node.output if name],
        macs=macs_of(node, shapes),
        may_be_winograd=_may_be_winograd(node, shapes),
    )


def _tensor(name: str, shapes: Shapes) -> Tensor:
    has_batch = not shapes.batch.isdisjoint(shapes.dims.get(name, ()))
    return Tensor(shapes.elements(name), bits_of(shapes.dtypes.get(name, "")), has_batch)


def _own_batch(shapes: Shapes) -> int:
    firsts = [shapes.sizes(name) for name in shapes.inputs]
    return next((sizes[0] for sizes in firsts if sizes and len(sizes) > 1), 1)


def _may_be_winograd(node: NodeProto, shapes: Shapes) -> bool:
    if node.op_type != "Conv" or len(node.input) < 2:
        return False
    steps = [n for item in node.attribute if item.name in {"strides", "dilations"} for n in item.ints]
    weight = shapes.sizes(node.input[1])
    return weight is not None and weight[2:] == (3, 3) and set(steps) <= {1}
