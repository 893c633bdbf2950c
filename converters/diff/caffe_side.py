"""A Caffe model in comparable form: as its layers, or as the nodes that ctk would make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from converters.caffe.build import NetOptions, Outline, outline_net
from converters.caffe.caffemodel import Caffemodel, StoredLayer, read_caffemodel
from converters.caffe.network import Blob, BlobSpec, Layer, Net
from converters.caffe.parameters import Parameters, Sources
from converters.caffe.prototxt import read_prototxt
from converters.caffe.wiring import unique_name
from converters.diff.comparable import Comparable, Load, Part, Source, Weight
from converters.diff.graph_parts import PlainNode, parts_of, plain_attribute
from converters.diff.layer_attributes import layer_attributes
from converters.inspection.given_files import GivenFiles, inspected_file, shown
from converters.onnx.graph import OPSETS, Graph
from toolkit.artifact import GraphTensor
from toolkit.errors import BadInput
from toolkit.ledger import LedgerDocument, ParameterEntry
from toolkit.messages import collected_warnings

# What a blob is, for a caffemodel without its network; the shape rules know it otherwise.
_ROLES = {
    "BatchNorm": ("mean", "variance", "factor"),
    "Scale": ("scale", "bias"),
    "Bias": ("bias",),
    "PReLU": ("slope",),
}
_USUAL_ROLES = ("weight", "bias")


def caffe_side(files: GivenFiles, *, opset: int | None, ignore_unknown_fields: bool = False) -> Comparable:
    """Reads a prototxt with or without its caffemodel, or a caffemodel alone.

    Args:
        files: The files.
        opset: Version of the operator set of the ONNX file to compare with; None to compare with Caffe.
        ignore_unknown_fields: Unknown prototxt fields are warnings.

    Raises:
        BadInput: Anything wrong with the files, but nothing for parameters without data.
        UsageFault: CTK604 when the operator set cannot express the network.
    """
    if files.prototxt is None:
        return _weights_alone(files, as_converted=opset is not None)
    text = read_prototxt(files.prototxt, ignore_unknown_fields=ignore_unknown_fields)
    caffemodel = read_caffemodel(files.caffemodel) if files.caffemodel else None
    outline = outline_net(text, NetOptions(ignore_unknown_fields=ignore_unknown_fields))
    net, without_data = _with_data(outline, caffemodel)
    listed = [inspected_file(files.prototxt, "prototxt")]
    if files.caffemodel is not None:
        listed.append(inspected_file(files.caffemodel, "caffemodel"))
    whole = Comparable(
        format="caffe",
        parts_are="layers",
        files=listed,
        weights=_layer_weights(net, without_data),
        parts=_layers(net),
        inputs=[_tensor(net, name) for name in net.inputs],
        outputs=[_tensor(net, name) for name in net.outputs],
        has_data=caffemodel is not None,
    )
    return whole if opset is None else _as_nodes(whole, net, opset)


def _with_data(outline: Outline, caffemodel: Caffemodel | None) -> tuple[Net, set[int]]:
    """The network with its numbers, and the layers for which there are none (theirs are ones without memory)."""
    parameters = Parameters(Sources(caffemodel), outline.definitions)
    layers, lacking = [], set()
    for layer, needed in outline.layers:
        try:
            with collected_warnings():  # the origin of every weight is in the document
                blobs = parameters.resolve(layer, needed.blobs)
        except BadInput as fault:
            if fault.code not in {"CTK511", "CTK513"}:
                raise
            blobs = tuple(_nothing(layer, index, spec) for index, spec in enumerate(needed.blobs))
            lacking.add(layer.index)
        layers.append(replace(layer, blobs=blobs))
    return replace(outline.net, layers=tuple(layers)), lacking


def _nothing(layer: Layer, index: int, spec: BlobSpec) -> Blob:
    """One number seen as many. Not 0: a conversion divides by BatchNorm's factor, which by 1 makes no new numbers."""
    return Blob(
        spec.role,
        np.broadcast_to(np.float32(1), spec.shape),
        "filler",
        (f"{layer.name}#{layer.index}", index),
    )


def _tensor(net: Net, name: str) -> GraphTensor:
    return GraphTensor(name=name, dims=list(net.values[name].shape), dtype="float32")


def _layers(net: Net) -> list[Part]:
    taken: set[str] = set()
    sources: dict[str, Source] = {}
    parts = []
    for layer in net.layers:
        name = unique_name(layer.name, taken)
        if layer.type == "Input":
            sources |= {top: Source("input", top) for top in layer.tops}
            continue
        read = tuple(sources[bottom] for bottom in layer.bottoms)
        parts.append(Part(name, layer.type, layer_attributes(layer), read, layer.top_shapes))
        sources |= {top: Source("part", name, slot) for slot, top in enumerate(layer.tops)}
    return parts


def _layer_weights(net: Net, without_data: set[int]) -> list[Weight]:
    """One entry for each blob, shared ones too, by layer and role."""
    taken: set[str] = set()
    seen: set[str] = set()
    found = []
    for layer in net.layers:
        for index, blob in enumerate(layer.blobs):
            key = None if layer.name in seen else (layer.name, index)
            lacks = layer.index in without_data
            found.append(
                Weight(
                    unique_name(f"{layer.name}.{blob.role}", taken),
                    key,
                    blob.values.shape,
                    "float32",
                    None if lacks else _give(blob.values),
                    None if lacks else blob.origin,
                    _folding(layer.type, [b.values for b in layer.blobs], index),
                )
            )
        seen.add(layer.name)
    return found


def _give(values: NDArray[np.float32]) -> Load:
    return lambda: values


def _folding(kind: str, blobs: Sequence[NDArray[np.floating]], index: int) -> Load | None:
    """Caffe divides the stored mean and variance of a BatchNorm by its factor, and takes 0 for a factor of 0."""
    if kind != "BatchNorm" or len(blobs) != 3 or index > 1 or blobs[2].size != 1:
        return None
    factor = np.float64(blobs[2].reshape(-1)[0])

    def divided() -> NDArray[np.float64]:
        values = blobs[index].astype(np.float64)
        return values / factor if factor else np.zeros_like(values)

    return divided


def _as_nodes(whole: Comparable, net: Net, opset: int) -> Comparable:
    from converters.onnx.emit import emit_onnx

    offered = min(max(opset, OPSETS[0]), OPSETS[-1])
    graph, ledger = emit_onnx(net, offered)
    held = {item.name: item.values for item in graph.initializers}
    parameters = list(_parameters(whole.weights, net, ledger))
    weights = _node_weights(parameters, held)
    named = {weight.name for weight in weights}
    weights += [
        Weight(name, None, values.shape, values.dtype.name, _give(values), is_constant=True)
        for name, values in held.items()
        if name not in named
    ]
    nodes = (
        PlainNode(n.name, n.op, n.inputs, n.outputs, {k: plain_attribute(v) for k, v in n.attributes.items()})
        for n in graph.nodes
    )
    parts, _ = parts_of(nodes, [info.name for info in graph.inputs], held, _dims(graph))
    remarks = [f"opset {opset} is not offered; the Caffe network is compared as opset {offered}"]
    return replace(
        whole,
        parts_are="nodes",
        parts=parts,
        weights=weights,
        opset=offered,
        remarks=remarks if opset != offered else [],
    )


def _parameters(
    weights: Sequence[Weight], net: Net, ledger: LedgerDocument
) -> Sequence[tuple[Weight, ParameterEntry]]:
    entries = [
        entry
        for layer, account in zip(net.layers, ledger.layers, strict=True)
        for entry in account.parameters[: len(layer.blobs)]
    ]
    return list(zip(weights, entries, strict=True))


def _node_weights(
    parameters: Sequence[tuple[Weight, ParameterEntry]], held: dict[str, NDArray[np.generic]]
) -> list[Weight]:
    """Parameters under the names of their initializers; of shared ones the owner's."""
    found: dict[str, Weight] = {}
    for weight, entry in parameters:
        if entry.initializer is None:
            found.setdefault(weight.name, replace(weight, folded=entry.reason))
        elif entry.initializer not in found:
            stored = held[entry.initializer]
            converted: Callable[[], NDArray[np.generic]] = _give(stored)  # type: ignore[arg-type]
            found[entry.initializer] = replace(weight, name=entry.initializer, converted=converted)
    return list(found.values())


def _dims(graph: Graph) -> dict[str, tuple[int | str, ...]]:
    return {info.name: info.dims for info in (*graph.inputs, *graph.inner, *graph.outputs)}


def _weights_alone(files: GivenFiles, *, as_converted: bool) -> Comparable:
    """A caffemodel without its network; ``as_converted`` where it stands beside what no converter left as it was."""
    assert files.caffemodel is not None  # one of the two is there
    stored = read_caffemodel(files.caffemodel)
    taken: set[str] = set()
    # Of equal names Caffe keeps the last.
    layers = {layer.name: layer for layer in stored.layers if layer.blobs}
    weights = [
        _stored_weight(layer, index, taken) for layer in layers.values() for index in range(len(layer.blobs))
    ]
    if as_converted:
        weights = [_folded_factor(weight, layers) for weight in weights]
    return Comparable("caffe", "layers", [inspected_file(files.caffemodel, "caffemodel")], weights)


def _stored_weight(layer: StoredLayer, index: int, taken: set[str]) -> Weight:
    blob = layer.blobs[index]
    roles = _ROLES.get(layer.type, _USUAL_ROLES)
    role = roles[index] if index < len(roles) else str(index)
    size_fits = int(np.prod(blob.shape, dtype=object)) == blob.values.size
    dims = blob.shape if size_fits else (blob.values.size,)
    return Weight(
        unique_name(f"{shown(layer.name)}.{role}", taken),
        (layer.name, index),
        dims,
        "float32",  # so Caffe holds it, also where the file has float64
        lambda: _single(blob.values).reshape(dims),
        "stored",
        _folding(layer.type, [b.values for b in layer.blobs], index),
    )


def _folded_factor(weight: Weight, layers: Mapping[str, StoredLayer]) -> Weight:
    """BatchNorm's factor, which no other format has: mean and variance know whether they were divided by it."""
    assert weight.key is not None  # every stored blob has one
    name, index = weight.key
    layer = layers[name]
    is_factor = layer.type == "BatchNorm" and len(layer.blobs) == 3 and index == 2
    return replace(weight, folded="mean and variance are divided by it") if is_factor else weight


def _single(values: NDArray[np.floating]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return values.astype(np.float32, copy=False)
