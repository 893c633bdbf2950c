"""One blob as a caffemodel stores it: a shape and a view of the mapped numbers.

Facts: `caffe_semantics.md` §5 (BlobProto: num, channels, height, width = 1-4; data 5; diff 6; shape 7;
double_data 8; double_diff 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.caffe.wire import FIXED32, FIXED64, LENGTH, Field, WireDamage, fields, read_field, varints

Numbers = NDArray[np.float32] | NDArray[np.float64]
_LEGACY = {1: 0, 2: 1, 3: 2, 4: 3}
# Unpacked numbers looked at in one step: few at first, so that runs of one number stay cheap.
_FIRST_ROWS, _MOST_ROWS = 8, 1 << 16
_MOST_FIELDS = 1 << 12  # a blob has at most eight beside its numbers
_MOST_AXES = 32  # Caffe's kMaxBlobAxes


# What blobs without numbers share, so that a file of them does not ask for many times its size.
_NONE: dict[np.dtype[Any], Numbers] = {np.dtype(kind): np.empty(0, kind) for kind in ("<f4", "<f8")}


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob of a caffemodel.

    Attributes:
        shape: As stored; four axes when ``legacy``.
        legacy: Whether num/channels/height/width were stored; they win over ``shape`` in Caffe.
        values: Flat numbers, float32, or float64 when stored as ``double_data``; usually a view of the file.
    """

    shape: tuple[int, ...]
    legacy: bool
    values: Numbers

    def fits(self, target: tuple[int, ...]) -> bool:
        """Caffe's `Blob::ShapeEquals`: a legacy shape fits a target padded with leading ones to four axes."""
        if self.legacy:
            return len(target) <= 4 and self.shape == (1,) * (4 - len(target)) + target
        return self.shape == target


def read_blob(data: memoryview, start: int, end: int) -> StoredBlob:
    """Reads the BlobProto in ``data[start:end]``.

    Raises:
        WireDamage: The bytes are not a BlobProto.
    """
    legacy = [0, 0, 0, 0]
    has_legacy = False
    shape: tuple[int, ...] = ()
    singles = _Gathered(np.dtype("<f4"), FIXED32)
    doubles = _Gathered(np.dtype("<f8"), FIXED64)
    position = start
    others = 0
    while position < end:
        field = read_field(data, position, end)
        position = field.end
        others += field.number not in {5, 8}
        if others > _MOST_FIELDS:
            raise WireDamage(
                field.tag_start, f"a blob has more than {_MOST_FIELDS} fields beside its numbers"
            )
        if field.number in _LEGACY:
            legacy[_LEGACY[field.number]] = next(varints(data, field), 0)
            has_legacy = True
        elif field.number == 7:
            shape = _read_shape(data, field, shape)
        elif field.number == 5:
            position = singles.take(data, field, end)
        elif field.number == 8:
            position = doubles.take(data, field, end)
    values = doubles.values() if doubles.count else singles.values()
    return StoredBlob(tuple(legacy) if has_legacy else shape, has_legacy, values)


class _Gathered:
    """Numbers of one repeated field: a single packed run stays a view, anything else is gathered.

    Unpacked numbers ("one tag each") stand at equal distances; whole runs of them are taken at once, so
    that memory stays within the size of the file.
    """

    def __init__(self, dtype: np.dtype[Any], single: int) -> None:
        self.dtype = dtype
        self.single = single
        self.count = 0
        self._view: Numbers | None = None
        self._bytes: bytearray | None = None
        self._rows = _FIRST_ROWS

    def take(self, data: memoryview, field: Field, end: int) -> int:
        """Takes one field, and the run of unpacked ones that begins with it; returns where to go on."""
        if field.kind == LENGTH:
            self._append(self._packed(data, field))
            return field.end
        if field.kind != self.single:
            raise WireDamage(field.tag_start, f"field {field.number} does not hold numbers")
        values, after = self._run(data, field, end)
        self._append(values)
        return after

    def values(self) -> Numbers:
        """All numbers in order."""
        if self._bytes is not None:
            return np.frombuffer(self._bytes, self.dtype)
        return self._view if self._view is not None else _NONE[self.dtype]

    def _append(self, values: Numbers) -> None:
        if not values.size:
            return
        if not self.count:
            self._view = values
        else:
            if self._bytes is None:
                self._bytes = bytearray(self._view.tobytes() if self._view is not None else b"")
                self._view = None
            self._bytes += values.tobytes()
        self.count += values.size

    def _packed(self, data: memoryview, field: Field) -> Numbers:
        size = field.end - field.start
        if size % self.dtype.itemsize:
            raise WireDamage(
                field.tag_start, f"field {field.number} does not hold {self.dtype.itemsize}-byte numbers"
            )
        return np.frombuffer(data, self.dtype, size // self.dtype.itemsize, field.start)

    def _run(self, data: memoryview, field: Field, end: int) -> tuple[Numbers, int]:
        stride = field.end - field.tag_start
        head = field.start - field.tag_start
        rows = min((end - field.tag_start) // stride, self._rows)
        records = np.frombuffer(data, np.uint8, rows * stride, field.tag_start).reshape(rows, stride)
        same = (records[:, :head] == records[0, :head]).all(axis=1)
        length = rows if same.all() else int(np.argmin(same))
        self._rows = min(4 * self._rows, _MOST_ROWS) if length == rows else _FIRST_ROWS
        return records[:length, head:].copy().view(self.dtype).reshape(-1), field.tag_start + length * stride


def _read_shape(data: memoryview, field: Field, before: tuple[int, ...]) -> tuple[int, ...]:
    """Axes of a BlobShape behind those of an earlier one: protobuf merges a message that occurs twice."""
    if field.kind != LENGTH:
        raise WireDamage(field.tag_start, "the shape of a blob is not a message")
    dims = list(before)
    for part in fields(data, field.start, field.end):
        if part.number != 1:
            continue
        for dim in varints(data, part):
            dims.append(dim)
            if len(dims) > _MOST_AXES:
                raise WireDamage(field.tag_start, f"a blob has more than {_MOST_AXES} axes")
    return tuple(dims)
