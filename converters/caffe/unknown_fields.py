"""Fields of a caffemodel that nobody knows: a warning, since they may change what the layer means."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from converters.caffe.caffemodel import Caffemodel
from converters.caffe.schema import LayerParameter, NetParameter, V1LayerParameter
from converters.caffe.wire import LENGTH, Field, WireDamage, fields
from toolkit.errors import BadInput, Where
from toolkit.messages import warn

_MOST_WARNINGS = 10


def warn_of_unknown_fields(model: Caffemodel) -> None:
    """One warning per unknown field, by layer and field number; after ten, how many more.

    Raises:
        BadInput: CTK509 when the fields beside the blobs are damaged.
    """
    try:
        found = list(_unknown(model))
    except (WireDamage, ValueError) as error:
        raise BadInput(
            "CTK509", f"the caffemodel is damaged: {error}", Where(file=str(model.file))
        ) from error
    for place in found[:_MOST_WARNINGS]:
        warn(f"unknown field in {model.file}: {place}")
    if len(found) > _MOST_WARNINGS:
        warn(f"{len(found) - _MOST_WARNINGS} more unknown fields in {model.file}")


def _unknown(model: Caffemodel) -> Iterator[str]:
    rest = b""
    for field in fields(model.data, 0, len(model.data)):
        if field.number == 100 and field.kind == LENGTH:
            yield from _of_layer(model, field, LayerParameter(), 7)
        elif field.number == 2 and field.kind == LENGTH:
            yield from _of_layer(model, field, V1LayerParameter(), 6)
        elif field.end - field.tag_start < 1 << 16:
            rest += bytes(model.data[field.tag_start : field.end])
    yield from _in_message(NetParameter.FromString(rest), "")


def _of_layer(
    model: Caffemodel, layer: Field, message: LayerParameter | V1LayerParameter, blobs: int
) -> Iterator[str]:
    """Parses everything of a layer but its blobs, which are never copied."""
    parts = fields(model.data, layer.start, layer.end)
    small = b"".join(
        bytes(model.data[part.tag_start : part.end])
        for part in parts
        if part.number != blobs and not (blobs == 6 and part.number == 1)
    )
    message.ParseFromString(small)
    yield from _in_message(message, f"layer {message.name!r}, ")


def _in_message(message: Message, path: str) -> Iterator[str]:
    unknown = UnknownFieldSet(message)
    for i in range(len(unknown)):
        yield f"{path}{message.DESCRIPTOR.name} field {unknown[i].field_number}"
    for descriptor, value in message.ListFields():
        if descriptor.type == descriptor.TYPE_MESSAGE:
            for item in value if descriptor.is_repeated else [value]:
                yield from _in_message(item, path)
