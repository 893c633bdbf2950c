"""SHA-256 of files and of descriptions, and a memory of it for large files that rarely change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from toolkit.atomic import write_all, write_atomically
from toolkit.errors import EnvironmentFailed
from toolkit.files import opened

# Kept beside the hashed file: {"bytes": …, "mtime_ns": …, "sha256": …}.
STAMP_SUFFIX = ".ctk-sha256"
_STAMP_MOST_BYTES = 4096
_CHUNK_BYTES = 2**20


def sha256_file(path: Path, what: str = "file") -> str:
    """SHA-256 of a file's content as 64 hexadecimal digits, read once and never held in memory whole.

    Raises:
        BadInput: CTK501 when it cannot be opened; ``what`` names it in the message.
    """
    with opened(path, what) as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_bytes(data: bytes | memoryview) -> str:
    """SHA-256 of bytes as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_object(description: Mapping[str, object]) -> str:
    """SHA-256 of a JSON-serialisable description, whatever the order of its keys."""
    text = json.dumps(description, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return sha256_bytes(text.encode())


def remembered_sha256(path: Path, what: str = "file") -> str:
    """As `sha256_file`, but hashes again only when size or modification time changed since the last call.

    The memory is a small stamp beside the file, for files in ctk's own cache; where the folder cannot be
    written, the file is hashed each time.

    Raises:
        BadInput: CTK501 when it cannot be opened.
    """
    known = _stamp_of(path)
    if known is not None:
        return known
    digest = sha256_file(path, what)
    remember_sha256(path, digest)
    return digest


def remember_sha256(path: Path, digest: str) -> None:
    """Writes the stamp that `remembered_sha256` reads, for a file whose hash is already known."""
    with suppress(OSError, EnvironmentFailed):
        status = path.stat()
        facts = {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": digest}
        write_atomically(_stamp_path(path), json.dumps(facts).encode())


class HashingWriter:
    """A sink that passes bytes on to a file and hashes them on the way.

    Attributes:
        bytes: How many bytes went through.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes | memoryview) -> int:
        """Writes and hashes everything, whatever the file takes at a time."""
        view = memoryview(data)
        if view.nbytes:  # a view without elements cannot be cast
            view = view.cast("B")
            write_all(self._file, view)
        self._hash.update(view)
        self.bytes += view.nbytes
        return view.nbytes

    def hexdigest(self) -> str:
        """SHA-256 of what went through so far."""
        return self._hash.hexdigest()


def _stamp_path(path: Path) -> Path:
    return path.with_name(path.name + STAMP_SUFFIX)


def _stamp_of(path: Path) -> str | None:
    try:
        status = path.stat()
        with _stamp_path(path).open("rb") as file:
            facts = json.loads(file.read(_STAMP_MOST_BYTES))
        if facts["bytes"] == status.st_size and facts["mtime_ns"] == status.st_mtime_ns:
            return str(facts["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no stamp, or one that nobody can read: hash the file again
    return None
