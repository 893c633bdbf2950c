from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pytest

from toolkit.errors import BadInput
from toolkit.hashing import (
    STAMP_SUFFIX,
    HashingWriter,
    remember_sha256,
    remembered_sha256,
    sha256_file,
    sha256_object,
)


def test_file_hash_is_hashlibs(tmp_path: Path):
    path = tmp_path / "f"
    data = os.urandom(2**21 + 17)
    path.write_bytes(data)
    assert sha256_file(path) == hashlib.sha256(data).hexdigest()


def test_missing_file_is_named(tmp_path: Path):
    with pytest.raises(BadInput) as caught:
        sha256_file(tmp_path / "absent", "caffemodel")
    assert caught.value.code == "CTK501"


def test_remembered_hash_is_trusted_until_size_or_time_changes(tmp_path: Path):
    path = tmp_path / "f"
    path.write_bytes(b"one")
    assert remembered_sha256(path) == hashlib.sha256(b"one").hexdigest()
    remember_sha256(path, "f" * 64)
    assert remembered_sha256(path) == "f" * 64  # the stamp, not the content, was read
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))
    assert remembered_sha256(path) == hashlib.sha256(b"one").hexdigest()
    remember_sha256(path, "f" * 64)
    path.write_bytes(b"four")
    assert remembered_sha256(path) == hashlib.sha256(b"four").hexdigest()


@pytest.mark.parametrize("stamp", [b"", b"nonsense", b"[]", b"{}", b'{"bytes": 3}', b"\xff" * 5000])
def test_damaged_stamp_is_ignored(tmp_path: Path, stamp: bytes):
    path = tmp_path / "f"
    path.write_bytes(b"one")
    path.with_name("f" + STAMP_SUFFIX).write_bytes(stamp)
    assert remembered_sha256(path) == hashlib.sha256(b"one").hexdigest()


def test_description_hash_ignores_key_order_only():
    assert sha256_object({"a": 1, "b": [2]}) == sha256_object({"b": [2], "a": 1})
    assert sha256_object({"a": 1, "b": [2]}) != sha256_object({"a": 1, "b": [3]})


def test_hashing_writer_passes_everything_on_through_short_writes():
    class Slow(io.BytesIO):
        def write(self, data: object) -> int:
            return super().write(memoryview(data)[:3])  # type: ignore[arg-type]

    target = Slow()
    sink = HashingWriter(target)
    for piece in (b"", b"abcdefgh", memoryview(b"ij")):
        assert sink.write(piece) == len(piece)
    assert target.getvalue() == b"abcdefghij"
    assert (sink.bytes, sink.hexdigest()) == (10, hashlib.sha256(b"abcdefghij").hexdigest())
