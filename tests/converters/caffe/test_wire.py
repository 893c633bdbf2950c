from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.caffe.schema import BlobShape, LayerParameter, NetParameter, V0LayerParameter
from converters.caffe.wire import (
    FIXED32,
    FIXED64,
    LENGTH,
    VARINT,
    WireDamage,
    fields,
    read_field,
    signed,
    varint,
    varints,
)


def walk(data: bytes) -> list[tuple[int, int, int, bytes]]:
    view = memoryview(data)
    return [(f.number, f.kind, f.value, bytes(view[f.start : f.end])) for f in fields(view, 0, len(view))]


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_as_protobuf_encodes_them(number: int):
    data = BlobShape(dim=[number]).SerializeToString()  # packed: one field with one varint
    (field,) = fields(memoryview(data), 0, len(data))
    assert list(varints(memoryview(data), field)) == [number]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40))
def test_packed_and_unpacked_integers_are_the_same(numbers: list[int]):
    packed = memoryview(BlobShape(dim=numbers).SerializeToString())
    (field,) = fields(packed, 0, len(packed))
    assert list(varints(packed, field)) == numbers
    single = b"".join(b"\x08" + BlobShape(dim=[n]).SerializeToString()[2:] for n in numbers)
    assert list(BlobShape.FromString(single).dim) == numbers  # protobuf reads it alike
    view = memoryview(single)
    assert [n for f in fields(view, 0, len(view)) for n in varints(view, f)] == numbers


@given(
    st.text(max_size=300),
    st.floats(width=32, allow_nan=False),
    st.integers(0, 2**32 - 1),
    st.lists(st.binary(max_size=30), max_size=5),
)
def test_walk_finds_what_protobuf_wrote(name: str, scale: float, size: int, parts: list[bytes]):
    message = V0LayerParameter(name=name, scale=scale, num_output=size)
    outer = b"".join(b"\x7a" + bytes([len(part)]) + part for part in parts)  # field 15, length-delimited
    found = walk(message.SerializeToString() + outer)
    numbers = V0LayerParameter.DESCRIPTOR.fields_by_name
    assert found[0] == (numbers["name"].number, LENGTH, 0, name.encode())
    assert (numbers["num_output"].number, VARINT, size) in [row[:3] for row in found]
    (stored,) = [row for row in found if row[0] == numbers["scale"].number]
    assert stored[1] == FIXED32
    assert struct.unpack("<f", stored[3]) == (scale,)
    assert [row[3] for row in found if row[0] == 15] == parts


def test_eight_byte_fields():
    assert walk(b"\x09" + b"\x01\x02\x03\x04\x05\x06\x07\x08") == [
        (1, FIXED64, 0, b"\x01\x02\x03\x04\x05\x06\x07\x08")
    ]


@pytest.mark.parametrize(
    "data", [b"\x0b", b"\x0c", b"\x0e\x00", b"\x0f\x00", b"\x00\x00", b"<!DOCTYPE html>"]
)
def test_groups_unknown_kinds_and_number_zero_are_damage(data: bytes):
    with pytest.raises(WireDamage, match="impossible"):
        walk(data)


@pytest.mark.parametrize("data", [b"\x80" * 11, b"\x80", b"\x08\xff", b"\x08" + b"\xff" * 10 + b"\x01"])
def test_varint_that_does_not_end_is_damage(data: bytes):
    with pytest.raises(WireDamage, match="varint does not end"):
        walk(data)


def test_lengths_beyond_the_end_are_damage_and_allocate_nothing():
    with pytest.raises(WireDamage, match="runs 9223372036854775807 bytes past the end") as caught:
        walk(b"\x08\x01\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f")
    assert caught.value.position == 2


def test_field_must_end_inside_its_message():
    with pytest.raises(WireDamage):
        read_field(memoryview(b"\x0a\x03abc"), 0, 4)


@given(st.integers(0, 2**64 - 1))
def test_signed_is_twos_complement(number: int):
    assert signed(number) % 2**64 == number
    assert -(2**63) <= signed(number) < 2**63


@given(st.binary(max_size=200))
def test_random_bytes_end_or_are_damage(data: bytes):
    try:
        found = walk(data)
    except WireDamage as damage:
        position = damage.position
    else:
        position = len(data)
        assert len(found) <= len(data) // 2
    assert 0 <= position <= len(data)


@given(st.integers(0, 2**64 - 1))
def test_varint_ends_where_protobuf_ends_it(number: int):
    data = BlobShape(dim=[signed(number)]).SerializeToString()[2:]
    assert varint(memoryview(data + b"\xff"), 0, len(data) + 1) == (number, len(data))


def test_every_truncation_of_a_real_message_is_told_from_the_whole():
    net = NetParameter(name="n", layer=[LayerParameter(name="a", type="ReLU", top=["x", "y"])])
    data = net.SerializeToString()
    ends = {0, 3, len(data)}  # between fields nothing is missing that the format could tell
    for size in range(len(data) + 1):
        if size in ends:
            walk(data[:size])
        else:
            with pytest.raises(WireDamage):
                walk(data[:size])
