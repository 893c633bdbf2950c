"""V0 layers (`layers { layer { type: "conv" } }`, 2013) rewritten into V1."""

from __future__ import annotations

from typing import Any

from converters.caffe.prototxt_locations import Locate
from converters.caffe.schema import NetParameter, V1LayerParameter
from converters.caffe.upgrade.v0_parameters import BY_TYPE, ELSEWHERE, FOR_ALL_TYPES, TYPES
from toolkit.errors import BadInput
from toolkit.messages import warn
from toolkit.nearest import did_you_mean

_PADDING = "padding"


def upgrade_v0(net: NetParameter, locate: Locate) -> list[int]:
    """Rewrites the V0 layers of a network as V1 layers, in place.

    A ``padding`` layer vanishes: its `pad` moves into each convolution or pooling layer that reads it.

    Args:
        net: A network with V0 layers in `layers`.
        locate: Tells the place of a layer by its position in the file.

    Returns:
        For each layer left its position in the file.

    Raises:
        BadInput: CTK505 for V0 and V1 layers in one network, a bottom that nothing makes, or a padding layer
            read by anything but a convolution or pooling; CTK506 for an unknown type.
    """
    for index, layer in enumerate(net.layers):
        if not layer.HasField("layer"):
            raise BadInput(
                "CTK505",
                "the network has layers of V0 (with a `layer` block inside) and of V1 at once",
                locate(index),
                ['write every layer in the present form: layer { type: "Convolution" ... }'],
            )
    _move_padding(net, locate)
    kept = [index for index, layer in enumerate(net.layers) if layer.layer.type != _PADDING]
    upgraded = [_upgraded(net.layers[index], index, locate) for index in kept]
    del net.layers[:]
    net.layers.extend(upgraded)
    return kept


def _move_padding(net: NetParameter, locate: Locate) -> None:
    # As in Caffe a bottom is what the latest layer made under that name; here inputs are layer None.
    makers: dict[str, V1LayerParameter | None] = dict.fromkeys(net.input)
    for index, layer in enumerate(net.layers):
        for position, bottom in enumerate(layer.bottom):
            if bottom not in makers:
                raise BadInput("CTK505", f"unknown bottom blob {bottom!r}", locate(index))
            maker = makers[bottom]
            if maker is not None and maker.layer.type == _PADDING:
                _check_padding(maker, layer, index, locate)
                layer.layer.pad = maker.layer.pad
                layer.bottom[position] = maker.bottom[0]
        makers.update(dict.fromkeys(layer.top, layer))


def _check_padding(padding: V1LayerParameter, reader: V1LayerParameter, index: int, locate: Locate) -> None:
    if reader.layer.type not in {"conv", "pool"}:
        raise BadInput(
            "CTK505",
            f"a padding layer is read by a layer of type {reader.layer.type!r}; only conv and pool can pad",
            locate(index),
        )
    if len(reader.bottom) != 1 or len(padding.bottom) != 1 or len(padding.top) != 1:
        raise BadInput(
            "CTK505",
            "a padding layer and the layer that reads it must have one bottom each, and the padding one top",
            locate(index),
        )


def _upgraded(old: V1LayerParameter, index: int, locate: Locate) -> V1LayerParameter:
    source = old.layer
    new = V1LayerParameter(
        bottom=old.bottom, top=old.top, blobs_lr=source.blobs_lr, weight_decay=source.weight_decay
    )
    new.blobs.extend(source.blobs)
    if source.HasField("name"):
        new.name = source.name
    if source.HasField("type"):
        new.type = _type(source.type, index, locate)
    for field, value in source.ListFields():
        if field.name in ELSEWHERE:
            continue
        target = FOR_ALL_TYPES.get(field.name) or BY_TYPE[field.name].get(source.type)
        if target is None:
            warn(f"{field.name} has no meaning in a V0 layer of type {source.type!r} ({locate(index)})")
        else:
            _put(new, target, value)
    return new


def _type(name: str, index: int, locate: Locate) -> V1LayerParameter.LayerType:
    if name not in TYPES:
        raise BadInput("CTK506", f"unknown V0 layer type {name!r}", locate(index), did_you_mean(name, TYPES))
    return TYPES[name]


def _put(message: Any, dotted_path: str, value: Any) -> None:
    *parents, name = dotted_path.split(".")
    for parent in parents:
        message = getattr(message, parent)
    field = message.DESCRIPTOR.fields_by_name[name]
    if field.message_type is not None:
        getattr(message, name).CopyFrom(value)
    elif field.is_repeated:
        getattr(message, name).append(value)
    else:
        setattr(message, name, value)
