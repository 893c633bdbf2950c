"""Protocol-buffer wire format, read in place: fields of a mapped file as positions, nothing copied.

Encoding: https://protobuf.dev/programming-guides/encoding/. Only what a caffemodel needs: varints, 64-bit,
length-delimited and 32-bit fields; groups, which no version of Caffe writes, are damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_FIXED_SIZE = {FIXED64: 8, FIXED32: 4}


class WireDamage(ValueError):
    """The bytes are not a protocol-buffer message; the position says where reading stopped."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"{reason} at byte {position}")
        self.position = position
        self.reason = reason


class Field(NamedTuple):
    """One field of a message.

    Attributes:
        number: Field number.
        kind: Wire type: `VARINT`, `FIXED64`, `LENGTH` or `FIXED32`.
        start: Position of the first payload byte (for `VARINT`, of the varint).
        end: Position after the payload.
        value: The varint's value as unsigned 64-bit integer, else 0.
        tag_start: Position of the tag.
    """

    number: int
    kind: int
    start: int
    end: int
    value: int
    tag_start: int


def fields(data: memoryview, start: int, end: int, most: int | None = None) -> Iterator[Field]:
    """Walks the fields of the message that lies in ``data[start:end]``.

    Args:
        data: The file.
        start: First byte of the message.
        end: Position after its last byte.
        most: How many fields it may have.

    Raises:
        WireDamage: A varint, a length or a value runs past ``end``, a tag is impossible, or there are more
            than ``most`` fields.
    """
    position = start
    count = 0
    while position < end:
        field = read_field(data, position, end)
        count += 1
        if most is not None and count > most:
            raise WireDamage(position, f"more than {most} fields in one message")
        yield field
        position = field.end


def read_field(data: memoryview, position: int, end: int) -> Field:
    """Reads the field whose tag stands at ``position``; raises as `fields`."""
    tag, payload = varint(data, position, end)
    number, kind = tag >> 3, tag & 7
    value = 0
    if number == 0 or number > 0x1FFFFFFF:
        raise WireDamage(position, f"impossible field number {number}")
    if kind == VARINT:
        value, after = varint(data, payload, end)
    elif kind == LENGTH:
        length, payload = varint(data, payload, end)
        after = payload + length
    elif kind in _FIXED_SIZE:
        after = payload + _FIXED_SIZE[kind]
    else:
        raise WireDamage(position, f"impossible wire type {kind} of field {number}")
    if after > end:
        raise WireDamage(position, f"field {number} runs {after - end} bytes past the end")
    return Field(number, kind, payload, after, value, position)


def varint(data: memoryview, position: int, end: int) -> tuple[int, int]:
    """Reads one varint; returns its value modulo 2**64 and the position after it."""
    result = shift = 0
    for at in range(position, min(position + 10, end)):
        byte: int = data[at]
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & 0xFFFFFFFFFFFFFFFF, at + 1
        shift += 7
    raise WireDamage(position, "varint does not end")


def signed(value: int) -> int:
    """An unsigned 64-bit varint as the int64 it encodes."""
    return value - (1 << 64) if value >= 1 << 63 else value


def varints(data: memoryview, field: Field) -> Iterator[int]:
    """Values of a repeated integer field, packed or not, as int64."""
    if field.kind == VARINT:
        yield signed(field.value)
        return
    if field.kind != LENGTH:
        raise WireDamage(field.tag_start, f"field {field.number} is not an integer")
    position = field.start
    while position < field.end:
        value, position = varint(data, position, field.end)
        yield signed(value)
