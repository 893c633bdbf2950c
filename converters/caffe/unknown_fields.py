"""Fields of a caffemodel that nobody knows: a warning, since they may change what the layer means."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from converters.caffe.caffemodel import Caffemodel
from converters.caffe.schema import LayerParameter, NetParameter, V1LayerParameter
from converters.caffe.wire import LENGTH, Field, WireDamage, fields
from toolkit.errors import BadInput, Where
from toolkit.messages import warn

_MOST_WARNINGS = 10
# Beyond these nothing is looked for: layers have a few hundred bytes beside their blobs, and what is not known
# only makes a warning. A file made of nothing else must not cost many times its size.
_MOST_BYTES = 1 << 19
_MOST_MESSAGES = 100_000


def warn_of_unknown_fields(model: Caffemodel) -> None:
    """One warning per unknown field, by layer and field number; after ten, how many more.

    Raises:
        BadInput: CTK509 when the fields beside the blobs are damaged.
    """
    found = _unknown(model)
    try:
        shown = list(islice(found, _MOST_WARNINGS))
        more = sum(1 for _ in found)
    except (WireDamage, DecodeError, ValueError) as error:
        raise BadInput(
            "CTK509", f"the caffemodel is damaged: {error}", Where(file=str(model.file))
        ) from error
    for place in shown:
        warn(f"unknown field in {model.file}: {place}")
    if more:
        warn(f"{more} more unknown fields in {model.file}")


def _unknown(model: Caffemodel) -> Iterator[str]:
    looked_into = count()
    rest: list[bytes] = []
    gathered = 0
    for field in fields(model.data, 0, len(model.data)):
        if field.number == 100 and field.kind == LENGTH:
            yield from _of_layer(model, field, LayerParameter(), 7, looked_into)
        elif field.number == 2 and field.kind == LENGTH:
            yield from _of_layer(model, field, V1LayerParameter(), 6, looked_into)
        elif field.end - field.tag_start < _MOST_BYTES and gathered < _MOST_BYTES:
            rest.append(bytes(model.data[field.tag_start : field.end]))
            gathered += len(rest[-1])
    yield from _in_message(NetParameter.FromString(b"".join(rest)), "", looked_into)


def _of_layer(
    model: Caffemodel,
    layer: Field,
    message: LayerParameter | V1LayerParameter,
    blobs: int,
    looked_into: Iterator[int],
) -> Iterator[str]:
    """Parses everything of a layer but its blobs, which are never copied."""
    small: list[bytes] = []
    gathered = 0
    for part in fields(model.data, layer.start, layer.end):
        if part.number == blobs or (blobs == 6 and part.number == 1):
            continue
        gathered += part.end - part.tag_start
        if gathered > _MOST_BYTES:
            return
        small.append(bytes(model.data[part.tag_start : part.end]))
    message.ParseFromString(b"".join(small))
    yield from _in_message(message, f"layer {message.name!r}, ", looked_into)


def _in_message(message: Message, path: str, looked_into: Iterator[int]) -> Iterator[str]:
    if next(looked_into) >= _MOST_MESSAGES:
        return
    unknown = UnknownFieldSet(message)
    for i in range(len(unknown)):
        yield f"{path}{message.DESCRIPTOR.name} field {unknown[i].field_number}"
    for descriptor, value in message.ListFields():
        if descriptor.type == descriptor.TYPE_MESSAGE:
            for item in value if descriptor.is_repeated else [value]:
                yield from _in_message(item, path, looked_into)
