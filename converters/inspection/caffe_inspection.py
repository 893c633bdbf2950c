"""What a Caffe network is: structure, shapes and parameters, those too for which there is no data yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from converters.caffe.build import Outline
from converters.caffe.caffemodel import Caffemodel
from converters.caffe.faults import CollectedFaults
from converters.caffe.layers.registry import MACS, REACHES
from converters.caffe.network import Layer, Net, elements
from converters.caffe_files import CaffeFiles
from converters.inspection import receptive_field as rf
from converters.inspection.caffe_parameters import ParameterFacts, ParameterSources, caffe_totals
from converters.inspection.document import ComputeTotals, InspectDocument, LayerFacts, OutputFacts
from converters.inspection.given_files import inspected_file, shown
from converters.inspection.problems import (
    listed_problems,
    outline_as_far_as_possible,
    read_weights,
    unchecked,
    unused_layers,
)
from toolkit.artifact import GraphTensor, Weights
from toolkit.models.card import weights_kind

Found = Sequence[tuple[Layer, Sequence[ParameterFacts]]]


def inspect_caffe(files: CaffeFiles, *, ignore_unknown_fields: bool = False) -> InspectDocument:
    """Reads a prototxt, and the caffemodel if there is one.

    Args:
        files: The network's files.
        ignore_unknown_fields: Unknown prototxt fields are warnings.

    Returns:
        The document; what is wrong with the network or its weights is among its problems.

    Raises:
        BadInput: CTK501 or CTK502 when a file cannot be read or is something else.
    """
    faults = CollectedFaults()
    outline = outline_as_far_as_possible(files.prototxt, faults, ignore_unknown_fields=ignore_unknown_fields)
    caffemodel = read_weights(files.caffemodel, faults) if files.caffemodel else None
    sources = ParameterSources(caffemodel, outline.definitions)
    found = [(layer, sources.of(layer, needed.blobs, faults)) for layer, needed in outline.layers]
    unused = unused_layers(caffemodel, outline) if caffemodel and outline.definitions else []
    fields = _fields(outline.net)
    listed = [inspected_file(files.prototxt, "prototxt")]
    weights: Weights | None = None
    if files.caffemodel is not None:
        listed.append(inspected_file(files.caffemodel, "caffemodel"))
        weights = weights_kind(listed[-1].sha256 or "")
    return InspectDocument(
        format="caffe",
        model=shown(files.name),
        weights=weights,
        network=outline.net.name,
        files=listed,
        inputs=[_tensor(outline.net, name) for name in outline.net.inputs],
        outputs=[_output(outline.net, name, fields[name]) for name in outline.net.outputs],
        layer_count=len(found),
        layer_types=dict(Counter(layer.type for layer, _ in found)),
        parameters=caffe_totals(found),
        compute=_compute(found),
        layers=[_layer(outline.net, layer, parameters, fields) for layer, parameters in found],
        remarks=_remarks(outline, caffemodel, sources.used_layers),
        problems=listed_problems(faults, unused, files.prototxt),
        unchecked=unchecked(faults),
    )


def _tensor(net: Net, name: str) -> GraphTensor:
    return GraphTensor(name=name, dims=list(net.values[name].shape), dtype="float32")


def _output(net: Net, name: str, field: rf.ValueField) -> OutputFacts:
    return OutputFacts(
        **_tensor(net, name).model_dump(),
        output_stride=rf.strides(field),
        receptive_field_px=rf.sizes_px(field),
    )


def _fields(net: Net) -> dict[str, rf.ValueField]:
    fields: dict[str, rf.ValueField] = {}
    for layer in net.layers:
        for top, shape in zip(layer.tops, layer.top_shapes, strict=True):
            fields[top] = (
                rf.of_input(len(shape)) if not layer.bottoms else _field_behind(layer, len(shape), fields)
            )
    return fields


def _field_behind(layer: Layer, rank: int, fields: dict[str, rf.ValueField]) -> rf.ValueField:
    rule = REACHES.get(layer.type)
    if rule is not None:
        # With several bottoms these types make one top of each, all alike.
        field, reaches = fields[layer.bottoms[0]], rule(layer)
        return rf.through(field, reaches) if len(field) == rank >= len(reaches) else rf.unknown(rank)
    sizes = {shape[2:] for shape in (*layer.bottom_shapes, *layer.top_shapes)}
    if len(sizes) > 1:  # it resizes the picture in a way that nobody described
        return rf.unknown(rank)
    return rf.merged([fields[name] for name in layer.bottoms], rank)


def _macs(layer: Layer) -> int:
    rule = MACS.get(layer.type)
    return rule(layer) if rule else 0


def _compute(found: Found) -> ComputeTotals:
    macs = sum(_macs(layer) for layer, _ in found)
    put_back = [
        layer for layer, parameters in found if any(facts.source == "coefficients" for facts in parameters)
    ]
    return ComputeTotals(
        macs=macs,
        gmac=macs / 1e9,
        macs_without_reattached=macs - sum(_macs(layer) for layer in put_back),
        reattached_layers=[layer.name for layer in put_back],
        with_sizes={},
        uncounted={},
    )


def _layer(
    net: Net, layer: Layer, parameters: Sequence[ParameterFacts], fields: dict[str, rf.ValueField]
) -> LayerFacts:
    return LayerFacts(
        name=layer.name,
        type=layer.type,
        outputs=[_tensor(net, top) for top in layer.tops],
        parameters=sum(elements(facts.shape) for facts in parameters if facts.source != "shared"),
        macs=_macs(layer),
        receptive_field_px=rf.sizes_px(fields[layer.tops[0]]) if layer.tops else [],
    )


def _remarks(outline: Outline, caffemodel: Caffemodel | None, used: frozenset[str]) -> list[str]:
    remarks = []
    if outline.net.unread_inputs:
        remarks.append(f"no layer reads the input {', '.join(outline.net.unread_inputs)}")
    if caffemodel is None:
        return remarks
    if not used and any(needed.blobs for _, needed in outline.layers):
        file = shown(Path(caffemodel.file).name)
        remarks.append(f"no layer of {file} has a name of this network; it belongs to another one")
    return remarks
