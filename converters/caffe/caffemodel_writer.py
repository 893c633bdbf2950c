"""Writes caffemodels: real `NetParameter` wire bytes, streamed, one layer in memory at a time.

Of caffe.proto: NetParameter {name = 1, layer = 100}, LayerParameter {name = 1, type = 2, blobs = 7},
BlobProto {data = 5 packed float32, shape = 7}, BlobShape {dim = 1 packed}.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from converters.wire_writing import field_head, varint

_NET_NAME, _NET_LAYER = 1, 100
_LAYER_NAME, _LAYER_TYPE, _LAYER_BLOBS = 1, 2, 7
_BLOB_DATA, _BLOB_SHAPE = 5, 7
_SHAPE_DIM = 1


class Sink(Protocol):
    """Whatever takes bytes: a file, or a `HashingWriter` in front of one."""

    def write(self, data: bytes | memoryview, /) -> int:
        """Takes all of ``data``."""
        ...


def write_caffemodel(
    file: Sink, name: str, layers: Iterable[tuple[str, str, Sequence[NDArray[np.float32]]]]
) -> None:
    """Writes a caffemodel.

    Args:
        file: Takes every byte it is given (an unbuffered file does not: wrap it in `HashingWriter`).
        name: The network's name.
        layers: Layer name, layer type and float32 blobs, in file order. Caffe itself reads at most 2 GiB.
    """
    file.write(_text(_NET_NAME, name))
    for layer_name, layer_type, blobs in layers:
        parts: list[bytes | memoryview] = [_text(_LAYER_NAME, layer_name) + _text(_LAYER_TYPE, layer_type)]
        for blob in blobs:
            parts += _blob(np.asarray(blob))
        file.write(field_head(_NET_LAYER, sum(len(part) for part in parts)))
        for part in parts:
            file.write(part)


def _blob(blob: NDArray[np.float32]) -> list[bytes | memoryview]:
    """The wire bytes of one blob; its numbers stay a view of the array where that is possible."""
    data = np.ascontiguousarray(blob, "<f4").reshape(-1).view(np.uint8).data
    dims = b"".join(varint(size) for size in blob.shape)
    shape = field_head(_SHAPE_DIM, len(dims)) + dims
    before = field_head(_BLOB_DATA, data.nbytes)
    after = field_head(_BLOB_SHAPE, len(shape)) + shape
    return [field_head(_LAYER_BLOBS, len(before) + data.nbytes + len(after)) + before, data, after]


def _text(field: int, text: str) -> bytes:
    data = text.encode()
    return field_head(field, len(data)) + data
