"""The coefficients: the 313×2 array that is the weights of `class8_ab`, derived here, or read from a file."""

from __future__ import annotations

import struct
import warnings
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from toolkit.colour.gamut import gamut_hull, gamut_points
from toolkit.content import refuse_stand_in
from toolkit.errors import BadInput, Where
from toolkit.files import opened
from toolkit.messages import warn

COUNT = 313
SHAPE_OF_LAYER = (2, COUNT, 1, 1)
"""Shape of the weights of `class8_ab`: output channels a and b, input channels the bins."""
_MOST_BYTES = 1_000_000
_HEAD_BYTES = 4096


@cache
def _derived() -> NDArray[np.int64]:
    points = gamut_points(gamut_hull())
    points.setflags(write=False)
    return points


def coefficients() -> NDArray[np.int64]:
    """The coefficients, derived from the sRGB gamut: (313, 2) int64, columns a and b, as released.

    The same read-only array each time.
    """
    return _derived()


def coefficients_npy_bytes() -> bytes:
    """The released file `pts_in_hull.npy`, byte for byte (5088 bytes).

    NumPy of 2016 padded the header of NPY format 1.0 to a multiple of 16, today's pads to 64, so the header
    is written here (`features.md` §3.1).
    """
    header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (313, 2), }"
    padded = header.ljust(69) + b"\n"
    return (
        b"\x93NUMPY\x01\x00"
        + struct.pack("<H", len(padded))
        + padded
        + coefficients().astype("<i8").tobytes()
    )


def layer_weights(points: NDArray[Any]) -> NDArray[np.float32]:
    """Coefficients as the weights of `class8_ab`: (313, 2) to (2, 313, 1, 1) float32, contiguous."""
    return np.ascontiguousarray(points.T, np.float32).reshape(SHAPE_OF_LAYER)


def read_coefficients(path: Path) -> NDArray[np.float32]:
    """Coefficients from an NPY file, checked.

    Args:
        path: An array of shape (313, 2) or (2, 313), of integers or floats. Any content but the released
            points in the released order gives a warning.

    Returns:
        (2, 313, 1, 1) float32, the weights of `class8_ab`.

    Raises:
        BadInput: CTK501 when the file cannot be opened, CTK502 when it is no NPY file, CTK512 when what it
            holds cannot be coefficients.
    """
    with opened(path, "coefficients file") as file:
        size = file.seek(0, 2)
    if size > _MOST_BYTES:
        raise _unfit(
            path, f"{size} bytes are too many; the released file has {len(coefficients_npy_bytes())}"
        )
    points = _checked(read_array(path), path)
    _warn_unless_known(points, path)
    return layer_weights(points)


def read_array(path: Path) -> NDArray[Any]:
    """An array of numbers from an NPY file.

    Args:
        path: NPY format 1.0 or 2.0; never unpickled, and never larger in memory than on disk.

    Returns:
        Integers, booleans or floats of any shape, in native byte order.

    Raises:
        BadInput: CTK501 when the file cannot be opened, CTK502 when it is no NPY file, is cut short or
            does not hold plain numbers.
    """
    with opened(path, "array file") as file:
        refuse_stand_in(file.read(_HEAD_BYTES), path, "npy")
        file.seek(0)
        try:
            shape, dtype = _header(file)
            _refuse_kind(dtype)
            start = file.tell()
            available, needed = file.seek(0, 2) - start, dtype.itemsize
            for extent in shape:
                needed *= int(extent)  # Python integers: no overflow
            if not 0 <= needed <= available:
                raise ValueError(f"shape {shape} needs {needed} bytes of data, the file has {available}")
            file.seek(0)
            array = np.load(file, allow_pickle=False)
        except (ValueError, OSError, EOFError, OverflowError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BadInput(
                "CTK502", f"this is not a usable npy file: {reason}", Where(file=str(path))
            ) from error
    return np.asarray(array, dtype.newbyteorder("="))


def _header(file: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version not in {(1, 0), (2, 0)}:
        raise ValueError(f"NPY format {version[0]}.{version[1]} is not read, only 1.0 and 2.0")
    first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy's remarks on headers written by Python 2
            shape, _, dtype = read(file)
    except Exception as error:
        # The header is Python source: its tokeniser, parser and dtype() fail in a dozen ways.
        raise ValueError(f"its header cannot be read ({type(error).__name__})") from error
    return shape, dtype


def _refuse_kind(dtype: np.dtype[Any]) -> None:
    if dtype.hasobject:
        raise ValueError("it holds pickled Python objects, which are never read")
    if dtype.kind not in "iufb":
        raise ValueError(f"its elements are {dtype}, not integers or floats")


def _checked(array: NDArray[Any], path: Path) -> NDArray[np.float64]:
    """The array as (313, 2) float64, or the error that says why it cannot be the coefficients."""
    if array.shape not in {(COUNT, 2), (2, COUNT)}:
        raise _unfit(path, f"the shape is {array.shape}, not (313, 2) or (2, 313)")
    if array.dtype.kind not in "iuf":
        raise _unfit(path, f"the elements are {array.dtype}, not integers or floats")
    points = (array if array.shape == (COUNT, 2) else array.T).astype(np.float64)
    # Lab's a and b of any real colour stay far inside; beyond this, float32 would not keep them exactly.
    bad = ~np.isfinite(points) | (np.abs(points) > 2**24)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise _unfit(path, f"point {row} has {points[row, column]}, which is no finite ab value")
    off = points % 10 != 0
    if off.any():
        row, column = np.argwhere(off)[0]
        raise _unfit(path, f"point {row} has {points[row, column]:g}, which is not a multiple of 10")
    return points


def _unfit(path: Path, what: str) -> BadInput:
    return BadInput(
        "CTK512",
        f"not usable as coefficients: {what}",
        Where(file=str(path)),
        ["without --coefficients, ctk derives the released ones itself"],
    )


def _warn_unless_known(points: NDArray[np.float64], path: Path) -> None:
    known = coefficients()
    if np.array_equal(points, known):
        return
    if np.array_equal(points[:, ::-1], known):
        how = "the released ones with the columns a and b exchanged"
    elif np.array_equal(_sorted(points), _sorted(known)):
        how = f"a permutation of the released ones ({int((points != known).any(axis=1).sum())} of {COUNT} rows are elsewhere)"
    else:
        missing = len({*map(tuple, known.tolist())} - {*map(tuple, points.tolist())})
        how = f"not the released ones ({missing} of {COUNT} released points are missing)"
    warn(
        f"the coefficients in {path} are {how}; colours will be wrong unless the weights were trained with them"
    )


def _sorted(points: NDArray[Any]) -> NDArray[Any]:
    return points[np.lexsort((points[:, 1], points[:, 0]))]
