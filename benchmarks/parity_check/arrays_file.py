"""Arrays in NPZ files: of one network's inputs or outputs, for one input or several.

The files that are written are the same bytes for the same arrays, so that a hash names their content. The ones
that are read are untrusted: no pickle, and no more memory than their size allows.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from toolkit.atomic import write_atomically
from toolkit.errors import BadInput, Where
from toolkit.files import opened
from toolkit.hashing import sha256_bytes

Arrays: TypeAlias = dict[str, NDArray[Any]]
# DEFLATE makes at most 1032 bytes out of one (zlib's technical details), so more than this is a lie.
_MOST_EXPANSION = 1040
_MOST_ENTRIES = 100_000
# Of any other method nobody knows here how far it expands.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# A time that ZIP can hold, always the same one.
_TIME = (1980, 1, 1, 0, 0, 0)


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> str:
    """Writes an NPZ file in one step.

    Args:
        path: The file; its folder is made.
        arrays: Real numbers by name; a name may hold any characters.

    Returns:
        SHA-256 of the file.

    Raises:
        EnvironmentFailed: CTK401 or CTK402 when it cannot be written.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _TIME), "w", force_zip64=True) as entry:
                npy.write_array(entry, np.asarray(array), allow_pickle=False)
    data = buffer.getvalue()
    write_atomically(path, data)
    return sha256_bytes(data)


def read_arrays(path: Path, what: str) -> Arrays:
    """Reads an NPZ file, whoever wrote it.

    Args:
        path: The file.
        what: What it should be, for messages.

    Raises:
        BadInput: CTK501 when it cannot be opened, CTK502 when it is no NPZ file of real numbers, damaged, or
            claims to hold more than a file of its size can.
    """
    with opened(path, what) as file:
        size = file.seek(0, io.SEEK_END)
        try:
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
                claimed = sum(entry.file_size for entry in entries)
                if any(entry.compress_type not in _METHODS for entry in entries):
                    raise ValueError("it is compressed by another method than DEFLATE")
                if len(entries) > _MOST_ENTRIES or claimed > size * _MOST_EXPANSION:
                    raise ValueError("it claims to hold more than a file of its size can")
                return {entry.filename.removesuffix(".npy"): _array(archive, entry) for entry in entries}
        except Exception as error:  # zipfile, zlib and NumPy's own parser of headers raise anything
            raise BadInput(
                "CTK502", f"the {what} cannot be read as NPZ: {error}", Where(file=str(path)),
                ["such a file is what numpy.savez writes, with arrays of real numbers"],
            ) from error  # fmt: skip


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(entry) as file:
        shape, dtype = _header(file)
        if dtype.kind not in "fiub":
            raise ValueError(f"{entry.filename} holds {dtype}, not real numbers")
        if math.prod(shape) * dtype.itemsize > entry.file_size:
            raise ValueError(f"{entry.filename} is cut short")
    with archive.open(entry) as file:
        return np.asarray(npy.read_array(file, allow_pickle=False))


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def write_cases(path: Path, cases: Sequence[Mapping[str, NDArray[Any]]]) -> str:
    """Writes arrays for several inputs as ``NUMBER/NAME``; returns and raises as `write_arrays`."""
    return write_arrays(
        path, {f"{i}/{name}": array for i, case in enumerate(cases) for name, array in case.items()}
    )


def read_cases(path: Path, what: str, count: int | None = None) -> list[Arrays]:
    """Reads what `write_cases` wrote.

    Args:
        path: The file.
        what: What it should be, for messages.
        count: How many inputs there are, where that is known: one may have no array at all.

    Raises:
        BadInput: As `read_arrays`; CTK502 also when names are not of that form.
    """
    arrays = read_arrays(path, what)
    found: dict[int, Arrays] = {}
    for key, array in arrays.items():
        number, slash, name = key.partition("/")
        if not (slash and number.isascii() and number.isdigit() and len(number) < 9):
            raise BadInput("CTK502", f"the {what} names an array {key[:80]!r}, which is not NUMBER/NAME",
                           Where(file=str(path)))  # fmt: skip
        found.setdefault(int(number), {})[name] = array
    last = max(found, default=-1)
    if last >= (count if count is not None else len(found)):
        raise BadInput("CTK502", f"the {what} has arrays of an input {last} that is not there",
                       Where(file=str(path)))  # fmt: skip
    return [found.get(i, {}) for i in range(last + 1 if count is None else count)]
