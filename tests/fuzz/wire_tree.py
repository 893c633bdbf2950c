"""A caffemodel as a tree of wire fields that can be changed and written again.

The reader is the tests' own, so that mutation does not share the faults of the reader under test. It only
ever reads golden files, which are sound; `write` writes anything, sound or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
# Message types by field number, from NetParameter down: which length-delimited fields hold messages.
_V2: dict[int, object] = {7: {7: {}}, 6: {}, 8: {}, 9: {}, **{n: {} for n in range(100, 160)}}
_BLOB: dict[int, object] = {7: {}}
_V1 = {
    1: {50: _BLOB, 6: _BLOB},
    6: _BLOB,
    32: {},
    33: {},
    **{n: {} for n in range(8, 43) if n not in {32, 33}},
}
_NET: dict[int, object] = {2: _V1, 100: _V2, 8: {}, 6: {}}


@dataclass(slots=True)
class Node:
    """One field: a varint's value, a message's fields, or raw bytes.

    Attributes:
        number: Field number.
        kind: Wire type as written.
        value: int for a varint, list of nodes for a message, bytes otherwise.
        length_lie: Added to the length that is written.
    """

    number: int
    kind: int
    value: int | bytes | list[Node]
    length_lie: int = 0


def read_model(data: bytes) -> list[Node]:
    """The fields of a caffemodel, messages of known place opened."""
    return list(_read(data, _NET))


def write(nodes: list[Node]) -> bytes:
    """The bytes of a list of fields."""
    return b"".join(_written(node) for node in nodes)


def messages(nodes: list[Node]) -> Iterator[list[Node]]:
    """The list itself, and every list of fields below it."""
    yield nodes
    for node in nodes:
        if isinstance(node.value, list):
            yield from messages(node.value)


def varint(value: int) -> bytes:
    """A varint of any non-negative size; beyond 64 bits it is one that no reader should take."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def _written(node: Node) -> bytes:
    head = varint(node.number << 3 | node.kind)
    if isinstance(node.value, int):
        return head + varint(node.value)
    body = write(node.value) if isinstance(node.value, list) else node.value
    if node.kind != LENGTH:
        return head + body
    return head + varint(max(0, len(body) + node.length_lie)) + body


def _read(data: bytes, schema: dict[int, object]) -> Iterator[Node]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _read_varint(data, at)
            yield Node(number, kind, value)
            continue
        size, at = _read_varint(data, at) if kind == LENGTH else ({FIXED64: 8, FIXED32: 4}[kind], at)
        body = data[at : at + size]
        if len(body) < size:
            raise ValueError("cut")
        at += size
        yield Node(number, kind, _body(body, schema.get(number)) if kind == LENGTH else body)


def _body(body: bytes, schema: object) -> bytes | list[Node]:
    if not isinstance(schema, dict):
        return body
    try:
        return list(_read(body, schema))
    except (ValueError, KeyError, IndexError):
        return body


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at
