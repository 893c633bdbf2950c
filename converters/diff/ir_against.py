"""An OpenVINO IR beside a model of another format: what OpenVINO makes of a node is looked at as that node.

The last layer that OpenVINO makes of a node bears its name, and values keep theirs; what stands between named
layers belongs to the one behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from converters.caffe.wiring import unique_name
from converters.diff.comparable import Comparable, Part, Source
from converters.diff.ir_against_weights import paired_weights
from converters.diff.ir_needless import without_needless
from converters.diff.ir_side import ir_side
from converters.diff.ir_windows import ir_window, onnx_window
from converters.inspection.given_files import shown
from converters.inspection.ir_reach import value_fields
from converters.inspection.ir_shapes import IrShapes
from converters.inspection.ir_weights import (
    weights_of,
)
from converters.openvino.ir_network import IrLayer, IrSource
from converters.openvino.ir_reading import Ir
from toolkit.artifact import GraphTensor

_OPEN = "?"
_MOST_NAMES = 5


def against(ir: Ir, other: Comparable) -> tuple[Comparable, Comparable]:
    """Both models, seen as what they have in common.

    Args:
        ir: The IR.
        other: A Caffe network as nodes, a caffemodel alone, or an ONNX file.

    Returns:
        The IR, and the other one.
    """
    own = ir_side(ir)
    layers = _layers_of(ir, other.parts or [])
    other, left_out = without_needless(other, layers)
    ours, theirs = paired_weights(ir, other, layers)
    seen = None if other.parts is None else _both(ir, other.parts, layers)
    return (
        replace(
            own,
            weights=ours,
            parts=None if seen is None else seen[0],
            inputs=_ends(own.inputs, other.inputs, _names_of_ends(ir, "Parameter")),
            outputs=_ends(own.outputs, other.outputs, _names_of_ends(ir, "Result")),
            remarks=[*own.remarks, *left_out, *_called_otherwise(ir, layers)],
        ),
        replace(
            other,
            weights=theirs,
            parts=None if seen is None else seen[1],
            inputs=[_without_symbols(tensor) for tensor in other.inputs],
            outputs=[_without_symbols(tensor) for tensor in other.outputs],
        ),
    )


def _layers_of(ir: Ir, parts: Sequence[Part]) -> dict[str, IrLayer]:
    """By name of a node the layer that makes its value, or else the one of its name.

    Values first: OpenVINO calls what makes an output of the graph after the value.
    """
    layers = [layer for layer in ir.network.layers.values() if layer.type not in {"Const", "Result"}]
    by_name = {layer.name: layer for layer in layers if layer.type != "Parameter"}
    by_value = {name: layer for layer in layers for name in layer.tensor_names}
    found = {}
    for part in parts:
        made = next((by_value[top] for top in part.tops if top in by_value), None) or by_name.get(part.name)
        if made is not None:
            found[part.name] = made
    return found


def _called_otherwise(ir: Ir, layers: Mapping[str, IrLayer]) -> list[str]:
    names = {layer.name for layer in ir.network.layers.values()}
    lost = [f"{name} is called {layer.name}" for name, layer in layers.items() if name not in names]
    more = f" and {len(lost) - _MOST_NAMES} more" if len(lost) > _MOST_NAMES else ""
    return (
        [shown(f"nodes were found by their values only: {', '.join(lost[:_MOST_NAMES])}{more}")]
        if lost
        else []
    )


def _both(ir: Ir, parts: Sequence[Part], layers: Mapping[str, IrLayer]) -> tuple[list[Part], list[Part]]:
    """The nodes of both with what they have in common: windows, what they read, shapes."""
    shapes = IrShapes(ir.network, value_fields(ir))
    sources, passing = _sources(ir, parts, layers)
    ours, theirs = [], []
    for part in parts:
        read = {passing.get(s.name, s._replace(slot=0)) for s in part.sources if s.kind in {"part", "input"}}
        made = tuple(None if dims is None else _plain(dims) for dims in part.dims)
        is_passing = part.name in passing
        common = replace(
            part,
            attributes={} if is_passing else onnx_window(part),
            sources=() if is_passing else tuple(sorted(read)),
            dims=made,
        )
        theirs.append(common)
        layer = layers.get(part.name)
        if layer is not None:
            found = replace(
                common, dims=tuple(_dims(top, slot, layer, shapes) for slot, top in enumerate(part.tops))
            )
            if not is_passing:
                found = replace(
                    found, attributes=ir_window(ir.network, layer, part), sources=_read(ir, layer, sources)
                )
            ours.append(found)
    return ours + _additional(ir, parts, layers), theirs


def _sources(
    ir: Ir, parts: Sequence[Part], layers: Mapping[str, IrLayer]
) -> tuple[dict[int, Source], dict[str, Source]]:
    """What each layer is, and for nodes that only pass a value on, and have no layer of their own, what they pass."""
    inputs = {s.name for part in parts for s in part.sources if s.kind == "input"}
    sources = {
        layer.id: Source(
            "input", next((n for n in (layer.name, *layer.tensor_names) if n in inputs), layer.name)
        )
        for layer in ir.network.of_type("Parameter")
    }
    passing = {}
    for name, layer in layers.items():
        if layer.id in sources:
            passing[name] = sources[layer.id]
        else:
            sources[layer.id] = Source("part", name)
    return sources, passing


def _additional(ir: Ir, parts: Sequence[Part], layers: Mapping[str, IrLayer]) -> list[Part]:
    """Layers that make a value of some source, which the other model lacks."""
    known = {layer.id for layer in layers.values()} | weights_of(ir).keys()
    taken = {part.name for part in parts}
    return [
        Part(unique_name(layer.name, taken), layer.type, {}, (), (), layer.tensor_names)
        for layer in ir.network.layers.values()
        if layer.id not in known and layer.type not in {"Parameter", "Const", "Result"} and layer.tensor_names
    ]


def _read(ir: Ir, layer: IrLayer, sources: Mapping[int, Source]) -> tuple[Source, ...]:
    """The nodes and inputs whose values a layer reads, directly or through layers that have no name of their own."""
    found: set[Source] = set()
    seen: set[int] = set()
    left = [source.layer for source in layer.sources]
    while left:
        number = left.pop()
        if number in sources and number != layer.id:
            found.add(sources[number])
        elif number not in seen and ir.network.layers[number].type != "ShapeOf":
            seen.add(number)
            left += [source.layer for source in ir.network.layers[number].sources]
    return tuple(sorted(found))


def _dims(top: str, slot: int, layer: IrLayer, shapes: IrShapes) -> tuple[int | str, ...] | None:
    if slot >= len(layer.outputs):
        return None
    named = next((i for i, port in enumerate(layer.outputs) if top in port.names), slot)
    return _plain(shapes.dims(IrSource(layer.id, named)))


def _names_of_ends(ir: Ir, kind: str) -> list[tuple[str, ...]]:
    layers = ir.network.layers
    if kind == "Parameter":
        return [(layer.name, *layer.tensor_names) for layer in ir.network.of_type(kind)]
    return [layers[x.sources[0].layer].outputs[x.sources[0].slot].names for x in ir.network.of_type(kind)]


def _ends(
    own: Sequence[GraphTensor], other: Sequence[GraphTensor], names: Sequence[tuple[str, ...]]
) -> list[GraphTensor]:
    wanted = {tensor.name for tensor in other}
    return [
        _without_symbols(tensor).model_copy(
            update={"name": next((name for name in known if name in wanted), tensor.name)}
        )
        for tensor, known in zip(own, names, strict=True)
    ]


def _without_symbols(tensor: GraphTensor) -> GraphTensor:
    return tensor.model_copy(update={"dims": list(_plain(tensor.dims))})


def _plain(dims: Iterable[int | str]) -> tuple[int | str, ...]:
    """An IR has no names for open sizes."""
    return tuple(_OPEN if isinstance(size, str) else size for size in dims)
