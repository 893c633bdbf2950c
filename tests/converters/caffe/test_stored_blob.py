from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from caffe_samples import blob
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from converters.caffe.schema import BlobProto
from converters.caffe.stored_blob import StoredBlob, read_blob
from converters.caffe.wire import WireDamage

FLOATS = st.lists(st.floats(width=32, allow_nan=False), max_size=60)


def read(data: bytes) -> StoredBlob:
    return read_blob(memoryview(data), 0, len(data))


def assert_as_protobuf_reads(data: bytes) -> StoredBlob:
    """The schema's BlobProto is the oracle: its parser is protobuf's own."""
    theirs = BlobProto.FromString(data)
    ours = read(data)
    values: NDArray[Any] = (
        np.asarray(theirs.double_data, np.float64)
        if theirs.double_data
        else np.asarray(theirs.data, np.float32)
    )
    assert ours.values.dtype.kind == "f"
    assert ours.values.dtype.itemsize == values.dtype.itemsize
    assert np.array_equal(ours.values, values)
    has_legacy = any(theirs.HasField(name) for name in ("num", "channels", "height", "width"))
    assert ours.legacy == has_legacy
    legacy = (theirs.num, theirs.channels, theirs.height, theirs.width)
    assert ours.shape == (legacy if has_legacy else tuple(theirs.shape.dim))
    return ours


def packed(values: list[float], kind: str = "f", field: int = 5) -> bytes:
    body = struct.pack(f"<{len(values)}{kind}", *values)
    head = bytes([field << 3 | 2])
    size = len(body)
    while size > 0x7F:
        head += bytes([size & 0x7F | 0x80])
        size >>= 7
    return head + bytes([size]) + body


def unpacked(values: list[float], kind: str = "f", field: int = 5) -> bytes:
    tag = bytes([field << 3 | (5 if kind == "f" else 1)])
    return b"".join(tag + struct.pack(f"<{kind}", value) for value in values)


@given(FLOATS, st.sampled_from(["packed", "double", "legacy"]))
def test_blobs_as_protobuf_encodes_them(values: list[float], form: str):
    assert_as_protobuf_reads(blob(values, form).SerializeToString())


@given(st.lists(st.tuples(st.booleans(), FLOATS), max_size=6))
def test_packed_unpacked_split_and_mixed(runs: list[tuple[bool, list[float]]]):
    assert_as_protobuf_reads(b"".join((packed if one else unpacked)(values) for one, values in runs))


@given(st.lists(st.tuples(st.booleans(), FLOATS), max_size=4), FLOATS)
def test_doubles_win_over_floats(runs: list[tuple[bool, list[float]]], singles: list[float]):
    doubles = b"".join((packed if one else unpacked)(values, "d", 8) for one, values in runs)
    assert_as_protobuf_reads(packed(singles) + doubles)


def test_long_unpacked_run_crosses_the_step():
    values = np.arange((1 << 16) + 7, dtype=np.float32)
    assert np.array_equal(read(unpacked(values.tolist())).values, values)


def test_single_packed_run_is_a_view_of_the_file():
    data = bytearray(packed([1.0, 2.0]))
    values = read_blob(memoryview(data), 0, len(data)).values
    data[-4:] = struct.pack("<f", 7.0)
    assert values.tolist() == [1.0, 7.0]


def test_unaligned_and_shifted_blob():
    data = b"\xff\xff\xff" + blob(np.arange(6).reshape(2, 3)).SerializeToString() + b"\xee"
    found = read_blob(memoryview(data), 3, len(data) - 1)
    assert found.values.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.shape == (2, 3)


@given(st.lists(st.integers(1, 9), max_size=4), st.lists(st.integers(1, 9), max_size=3))
def test_shape_given_twice_is_merged(first: list[int], second: list[int]):
    parts = []
    for dims in (first, second):
        part = BlobProto()
        part.shape.dim.extend(dims)
        part.shape.SetInParent()
        parts.append(part.SerializeToString())
    assert_as_protobuf_reads(b"".join(parts))


def test_differences_and_unknown_fields_are_skipped():
    made = blob([1.0, 2.0])
    made.diff.extend([9.0, 9.0])
    made.double_diff.extend([8.0, 8.0])
    assert_as_protobuf_reads(made.SerializeToString() + b"\xf8\x01\x05")


@pytest.mark.parametrize(
    ("stored", "target", "fits"),
    [
        ((1, 1, 4, 6), (4, 6), True),
        ((1, 1, 1, 4), (4,), True),
        ((1, 1, 1, 1), (), True),
        ((4, 1, 1, 1), (4,), False),
        ((2, 3, 4, 5), (2, 3, 4, 5), True),
        ((1, 1, 1, 1), (1, 1, 1, 1, 1), False),
    ],
)
def test_legacy_shape_fits_padded_in_front(stored: tuple[int, ...], target: tuple[int, ...], fits: bool):
    assert StoredBlob(stored, True, np.zeros(1, np.float32)).fits(target) is fits


def test_present_shape_must_be_equal_in_rank_too():
    assert StoredBlob((4,), False, np.zeros(4, np.float32)).fits((4,))
    assert not StoredBlob((1, 1, 1, 4), False, np.zeros(4, np.float32)).fits((4,))


@pytest.mark.parametrize(
    "data",
    [
        b"\x2a\x03abc",  # packed floats of three bytes
        b"\x28\x01",  # data as a varint
        b"\x29" + bytes(8),  # data as eight bytes
        b"\x45" + bytes(4),  # double_data as four bytes
        b"\x38\x01",  # the shape as a number
        b"\x3a\x02\x0d\x00",  # a shape whose field is cut
        b"\x3a\x22" + b"\x0a\x20" + bytes(32) + b"\x3a\x22" + b"\x0a\x20" + bytes(32),  # 64 axes in two parts
    ],
)
def test_what_is_no_blob_is_damage(data: bytes):
    with pytest.raises(WireDamage):
        read(data)


def test_number_of_axes_is_bounded_while_it_is_read():
    part = b"\x3a\x04\x0a\x02\x01\x01"
    with pytest.raises(WireDamage, match="more than 32 axes"):
        read(part * 200_000)


def test_every_truncation_ends():
    data = blob([1.0, 2.0, 3.0], "double").SerializeToString() + unpacked([4.0, 5.0])
    for size in range(len(data)):
        try:
            found = read(data[:size])
        except WireDamage:
            continue
        assert found.values.size <= 3
