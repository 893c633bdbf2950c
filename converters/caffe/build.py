"""Prototxt and caffemodel to `Net`: wiring, shapes, parameters, and the cut at the wanted outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from converters.caffe.aliasing import refuse_aliasing
from converters.caffe.caffemodel import read_caffemodel
from converters.caffe.dynamic import dynamic_symbols
from converters.caffe.extraction import leading_to, refuse_unread, starting_at, value_of
from converters.caffe.faults import STOP_AT_FIRST, Faults
from converters.caffe.input_shapes import InputShapes, new_shape, refuse_unknown_inputs, with_input_shapes
from converters.caffe.layers import registry
from converters.caffe.network import (
    MOST_AXES,
    MOST_ELEMENTS,
    Layer,
    LayerShape,
    LeftOut,
    Net,
    Shape,
    Value,
    elements,
)
from converters.caffe.parameters import COEFFICIENTS_LAYER, Parameters, Sources
from converters.caffe.prototxt import NetText, read_prototxt
from converters.caffe.schema import LayerParameter
from converters.caffe.unknown_fields import warn_of_unknown_fields
from converters.caffe.wiring import Wired, wire
from toolkit.errors import BadInput, Where
from toolkit.messages import warn
from toolkit.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class NetOptions:
    """How a network is read.

    Attributes:
        cut: Blobs to end at, instead of Caffe's outputs.
        head: Blob of the wanted head: a cut, unless it is the network's own only output.
        input_shapes: Overrides of input sizes, some of them dynamic; also of blobs to start at.
        ignore_unknown_fields: Unknown prototxt fields are warnings.
        from_blobs: Blobs to start at: they become inputs, and what only leads to them is left out.
    """

    cut: Sequence[str] = ()
    input_shapes: InputShapes = field(default_factory=InputShapes)
    ignore_unknown_fields: bool = False
    from_blobs: Sequence[str] = ()
    head: str | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """A network without the numbers of its parameters.

    Attributes:
        net: Everything else of it; its layers have shapes and no blobs.
        layers: The same layers, each with the parameters that it needs.
        definitions: All layers as the prototxt defines them, also those that a cut leaves out.
    """

    net: Net
    layers: tuple[tuple[Layer, LayerShape], ...]
    definitions: Sequence[LayerParameter]


def read_net(prototxt: Path, sources: Sources, options: NetOptions | None = None) -> Net:
    """Reads a network whole.

    Args:
        prototxt: The network's definition.
        sources: Where its parameters come from.
        options: Cuts and sizes.

    Raises:
        BadInput: Any of CTK501 to CTK516, with file, line and layer.
    """
    options = options or NetOptions()
    text = read_prototxt(prototxt, ignore_unknown_fields=options.ignore_unknown_fields)
    return build_net(text, sources, options)


def load_sources(caffemodel: Path | None, **others: object) -> Sources:
    """`Sources` with the caffemodel mapped; ``others`` as in `Sources`."""
    return Sources(caffemodel=read_caffemodel(caffemodel) if caffemodel else None, **others)  # type: ignore[arg-type]


def build_net(text: NetText, sources: Sources, options: NetOptions) -> Net:
    """The network of a parsed prototxt; raises as `read_net`."""
    if sources.caffemodel is not None:
        warn_of_unknown_fields(sources.caffemodel)
    outline = outline_net(text, options)
    parameters = Parameters(sources, outline.definitions)
    layers = tuple(
        replace(layer, blobs=parameters.resolve(layer, shape.blobs)) for layer, shape in outline.layers
    )
    _warn_of_unused(sources, parameters, bool(any(shape.blobs for _, shape in outline.layers)))
    return replace(outline.net, layers=layers)


def outline_net(text: NetText, options: NetOptions, faults: Faults = STOP_AT_FIRST) -> Outline:
    """The network of a parsed prototxt without the numbers of its parameters, so that none can be missing.

    Args:
        text: The prototxt.
        options: Cuts and sizes.
        faults: Takes what is wrong. Where it does not raise, the outline lacks the layers that are wrong, and
            those that cannot be checked because of them.

    Raises:
        BadInput: CTK505 to CTK508, CTK515 and CTK516, with file, line and layer.
        UsageFault: CTK601 when options about sizes contradict each other.
    """
    places = _places(text)
    wired = wire(text.message.layer, places, faults)
    starts = {blob: value_of(blob, wired, text.file) for blob in options.from_blobs}
    wanted = options.input_shapes.renamed(starts)
    message = with_input_shapes(text.message, wanted, text.file)
    plain = [
        Layer(
            i, m.name, m.type, m, wired.bottoms[i], wired.tops[i], in_place=wired.in_place[i], where=places[i]
        )
        for i, m in enumerate(message.layer)
    ]
    layers = _started(plain, tuple(starts.values()), wanted, text.file)
    cut = _cut(layers, wired, options)
    outputs, unread = _outputs(layers, wired, cut, text.file, faults)
    # Of a piece only what leads to its outputs; otherwise every layer, since the ledger accounts for all.
    needed = leading_to(layers, outputs) if cut or starts else layers
    refuse_unread(tuple(starts.values()), needed, text.file)
    refuse_unknown_inputs(wanted, _inputs(needed), text.file)
    # A network that is cut ends at its outputs: what would overwrite them later does not run.
    ends = () if cut else (*outputs, *unread)
    refuse_aliasing(
        plain, wired, places, outputs=ends, needed={layer.index for layer in needed}, faults=faults
    )
    shapes: dict[str, Shape] = {}
    found = _with_shapes(needed, shapes, faults)
    symbols = dynamic_symbols(needed, found, wanted)
    values = {n: Value(n, wired.blob_of.get(n, n), s, symbols.get(n, ())) for n, s in shapes.items()}
    net = Net(
        message.name,
        text.file,
        inputs=tuple(top for layer, _ in found if layer.type == "Input" for top in layer.tops),
        outputs=tuple(name for name in outputs if name in values),
        layers=tuple(layer for layer, _ in found),
        values=values,
        unread_inputs=unread,
        dynamic=bool(symbols),
        left_out=_left_out(plain, needed, text),
    )
    return Outline(net, tuple(found), message.layer)


def _left_out(plain: Sequence[Layer], needed: Sequence[Layer], text: NetText) -> tuple[LeftOut, ...]:
    kept = {layer.index for layer in needed}
    behind = "not needed for the outputs of the cut"
    cut = [LeftOut(i.index, i.name, i.type, behind) for i in plain if i.index not in kept]
    removed = [
        LeftOut(place, layer.name, layer.type, "not in phase TEST")
        for place, layer in enumerate(text.removed, start=len(plain))
    ]
    return (*cut, *removed)


def _started(plain: Sequence[Layer], starts: Sequence[str], wanted: InputShapes, file: str) -> list[Layer]:
    if not starts:
        return list(plain)
    shapes: dict[str, Shape] = {}
    for layer in leading_to(plain, starts):
        infer_shape(layer, shapes)
    inputs = _inputs(plain)  # they have their sizes already
    sizes = {n: shapes[n] if n in inputs else new_shape(n, shapes[n], wanted, file) for n in starts}
    return starting_at(plain, sizes, file)


def _with_shapes(
    layers: Sequence[Layer], shapes: dict[str, Shape], faults: Faults
) -> list[tuple[Layer, LayerShape]]:
    """All layers whose shape rule succeeds; a layer behind one that fails is not checked."""
    found = []
    for layer in layers:
        unknown = next((name for name in layer.bottoms if name not in shapes), None)
        try:
            if unknown is None:
                found.append(infer_shape(layer, shapes))
            else:
                registry.refuse_unknown_type(layer)
                faults.unchecked(layer, unknown)
        except BadInput as fault:
            faults.add(fault)
    return found


def infer_shape(layer: Layer, shapes: dict[str, Shape]) -> tuple[Layer, LayerShape]:
    """Runs a layer's shape rule and notes the shapes of its tops in ``shapes``.

    Raises:
        BadInput: CTK505 to CTK508, from the rule; CTK508 for a blob of more than 2**31 - 1 elements
            or 32 axes.
    """
    layer = replace(layer, bottom_shapes=tuple(shapes[name] for name in layer.bottoms))
    found = registry.shape_of(layer)
    for shape in (*found.tops, *(spec.shape for spec in found.blobs)):
        if len(shape) > MOST_AXES:
            raise layer.fault("CTK508", f"a blob has {len(shape)} axes, Caffe allows {MOST_AXES}")
        if elements(shape) > MOST_ELEMENTS:
            raise layer.fault("CTK508", f"a blob of shape {shape} has more than 2^31 - 1 elements")
    shapes.update(zip(layer.tops, found.tops, strict=True))
    return replace(layer, top_shapes=found.tops), found


def _places(text: NetText) -> list[Where]:
    return [
        Where(file=text.file, line=text.line_of(i), layer=layer.name)
        for i, layer in enumerate(text.message.layer)
    ]


def _cut(layers: Sequence[Layer], wired: Wired, options: NetOptions) -> Sequence[str]:
    """The blobs to end at; none where the head is what the network ends at by itself."""
    if options.head is None:
        return options.cut
    own, unread = _own_outputs(wired, _inputs(layers))
    return () if own == (wired.final.get(options.head),) and not unread else (options.head,)


def _inputs(layers: Sequence[Layer]) -> set[str]:
    return {top for layer in layers if layer.type == "Input" for top in layer.tops}


def _outputs(
    layers: Sequence[Layer], wired: Wired, cut: Sequence[str], file: str, faults: Faults
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the outputs, and of inputs that nobody reads (Caffe lists those as outputs too)."""
    inputs = _inputs(layers)
    if cut:
        return tuple(dict.fromkeys(_cut_value(blob, wired, inputs, file) for blob in cut)), ()
    outputs, unread = _own_outputs(wired, inputs)
    if not outputs:
        faults.add(
            BadInput("CTK505", "the network computes nothing: no layer makes an output", Where(file=file))
        )
    return outputs, unread


def _own_outputs(wired: Wired, inputs: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ends = [name for name in wired.blob_of if name not in wired.read]
    # Caffe counts Silence as a reader; where that leaves nothing that is computed, what it reads is meant.
    outputs = tuple(name for name in ends if name not in inputs) or tuple(
        name for name in wired.blob_of if name in wired.silenced and name not in inputs
    )
    return outputs, tuple(name for name in ends if name in inputs)


def _cut_value(blob: str, wired: Wired, inputs: set[str], file: str) -> str:
    value = value_of(blob, wired, file)
    if value in inputs:
        raise BadInput("CTK516", f"the network cannot end at {blob!r}: it is an input", Where(file=file))
    return value


def _warn_of_unused(sources: Sources, parameters: Parameters, needs_weights: bool) -> None:
    given = sources.caffemodel
    if given is not None and needs_weights and not parameters.used_layers:
        warn(f"no layer of {given.file} has a name of this network; it belongs to another one")
    if sources.coefficients_given and not parameters.used_coefficients:
        warn(f"the coefficients you gave are not used: no layer {COEFFICIENTS_LAYER} takes them here")
    for name, index in sources.attached:
        if name not in parameters.resolved:
            what = f"--attach names layer {name!r}, which has no parameters here"
            raise BadInput("CTK516", what, notes=did_you_mean(name, parameters.resolved))
        if index >= parameters.resolved[name]:
            what = f"--attach names blob {index} of layer {name!r}, which has {parameters.resolved[name]}"
            raise BadInput("CTK516", what, notes=["blobs are counted from 0"])
