"""An OpenVINO IR in comparable form, to be compared with another one."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from converters.caffe.wiring import unique_name
from converters.diff.comparable import Comparable, Part, Source, Weight
from converters.diff.telling_options import telling_options
from converters.inspection.ir_inspection import ir_files, is_node, node_type
from converters.inspection.ir_provenance import ir_provenance
from converters.inspection.ir_reach import value_fields
from converters.inspection.ir_shapes import IrShapes
from converters.inspection.ir_weights import IrWeight, has_running_name, weights_of
from converters.openvino.ir_network import IrLayer, IrSource, input_name, output_name
from converters.openvino.ir_reading import Ir, dtype_name

_MOST_NAME = 200


def ir_side(ir: Ir) -> Comparable:
    """The network of an IR as nodes.

    Layers and constants without a name of their own, which OpenVINO numbers anew in each run, are called after
    the layer that reads them: ``conv1<1`` is what ``conv1`` reads as its input 1.
    """
    weights = weights_of(ir)
    names = _names(ir, weights)
    shapes = IrShapes(ir.network, value_fields(ir))
    sources = _sources(ir, weights, names)
    return Comparable(
        format="openvino",
        parts_are="nodes",
        files=ir_files(ir),
        weights=[ir_weight(weight, names[number]) for number, weight in weights.items()],
        parts=[_part(x, names, sources, shapes) for x in ir.network.layers.values() if is_node(x)],
        inputs=[shapes.tensor(IrSource(x.id, 0), input_name(x)) for x in ir.network.of_type("Parameter")],
        outputs=[
            shapes.tensor(x.sources[0], output_name(x, ir.network)) for x in ir.network.of_type("Result")
        ],
        remarks=telling_options(ir.path, ir_provenance(ir.network.rt_info)[0]),
    )


def ir_weight(weight: IrWeight, name: str) -> Weight:
    """One constant under a name."""
    constant = weight.constant
    return Weight(
        name,
        None,
        constant.shape,
        dtype_name(constant.element_type),
        constant.load,
        is_rounded=weight.is_compressed and constant.element_type == "f16",
        lacking=constant.reason,
    )


def _names(ir: Ir, weights: Mapping[int, IrWeight]) -> dict[int, str]:
    layers = ir.network.layers
    readers: dict[int, tuple[int, int]] = {}
    for layer in layers.values():
        for slot, source in enumerate(layer.sources):
            readers.setdefault(source.layer, (layer.id, slot))
    names: dict[int, str] = {}
    taken: set[str] = set()
    for number, layer in reversed(list(layers.items())):
        own = weights[number].name if number in weights else layer.name
        if has_running_name(layer) and number in readers:
            reader, slot = readers[number]
            own = f"{names[reader]}<{slot}"
        if len(own) > _MOST_NAME:  # else the names of a long chain would take its length squared
            own = sha256(own.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        names[number] = unique_name(own, taken)
    return names


def _sources(ir: Ir, weights: Mapping[int, IrWeight], names: Mapping[int, str]) -> dict[int, Source]:
    found = {}
    for number, layer in ir.network.layers.items():
        if number in weights:
            found[number] = Source("weight", names[number])
        elif layer.type == "Parameter":
            found[number] = Source("input", input_name(layer))
        else:
            found[number] = Source("part", names[number])
    return found


def _part(layer: IrLayer, names: Mapping[int, str], sources: Mapping[int, Source], shapes: IrShapes) -> Part:
    read = tuple(sources[source.layer]._replace(slot=source.slot) for source in layer.sources)
    made = tuple(tuple(shapes.dims(IrSource(layer.id, slot))) for slot in range(len(layer.outputs)))
    attributes = {**layer.attributes, "operator set": layer.version}
    return Part(names[layer.id], node_type(layer), attributes, read, made, layer.tensor_names)
