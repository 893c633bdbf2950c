"""Protobuf's wire format as far as files are streamed in it: numbers and length-delimited fields.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

_LENGTH_DELIMITED = 2  # protobuf's wire type of strings, messages and packed numbers


def varint(number: int) -> bytes:
    """A number from 0 on, seven bits to a byte, the lowest first."""
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def field_head(field: int, length: int) -> bytes:
    """Tag and length of a length-delimited field; its ``length`` bytes follow."""
    return varint(field << 3 | _LENGTH_DELIMITED) + varint(length)
