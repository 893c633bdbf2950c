"""The files of the artifacts that were measured: their hashes, and the memory that they need at least."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from benchmarks.bench_document import BenchArtifact
from benchmarks.harness.arm import Arm
from toolkit.backends.onnx_external import onnx_files
from toolkit.content import HEAD_BYTES, sniff
from toolkit.errors import BadInput
from toolkit.files import opened
from toolkit.hashing import sha256_file
from toolkit.ir_files import bin_of, read_facts


def artifact_part(path: Path, sha256: str) -> BenchArtifact:
    """An artifact as the document lists it.

    Args:
        path: Its main file.
        sha256: Of that file. An IR's xml may state the hash of its bin, which its backend checks when it loads
            both; otherwise the bin is hashed here.
    """
    return BenchArtifact(path=str(path.absolute()), sha256=sha256, bin_sha256=_bin_sha256(path))


def memory_needed_bytes(arms: Iterable[Arm], picture_bytes: int = 0) -> int | None:
    """Bytes of all files of all arms together, since all their processes live at the same time, and of pictures.

    Every runtime holds the weights at least once; what else it takes nobody knows before.

    Args:
        arms: What lives at the same time.
        picture_bytes: What the pictures of the one block that runs take.

    Returns:
        None where no arm has a file.
    """
    sizes = [size for arm in arms for file in _files(arm.artifact) if (size := _size(file)) is not None]
    return sum(sizes) + picture_bytes if sizes else None


def _bin_sha256(path: Path) -> str | None:
    if _kind(path) != "ir":
        return None
    with suppress(BadInput):
        return read_facts(path).bin_sha256 or sha256_file(bin_of(path), "bin")
    return None


def _files(path: Path) -> tuple[Path, ...]:
    """The main file and those beside it; of a damaged one, the main file."""
    kind = _kind(path)
    with suppress(BadInput):
        if kind == "ir":
            return (path, bin_of(path))
        if kind == "onnx":
            return onnx_files(path)
    return (path,)


def _kind(path: Path) -> str | None:
    with suppress(BadInput), opened(path, "artifact") as file:
        return sniff(file.read(HEAD_BYTES))
    return None


def _size(file: Path) -> int | None:
    with suppress(OSError):
        return file.stat().st_size
    return None
