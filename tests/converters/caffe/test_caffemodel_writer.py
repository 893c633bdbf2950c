from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from converters.caffe.caffemodel_writer import write_caffemodel
from converters.caffe.schema import NetParameter
from toolkit.models.colorization_v2 import NETWORK_NAME
from toolkit.models.synthetic import synthetic_layers

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "colorization_v2_norebal" / "golden.json"


class HashOnly:
    """Takes bytes, keeps their hash and the size of the largest piece."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes | memoryview) -> int:
        self.hash.update(data)
        self.bytes += len(data)
        return len(data)


def test_main_network_is_the_file_the_original_caffe_read():
    sink = HashOnly()
    write_caffemodel(sink, NETWORK_NAME, synthetic_layers())
    golden = json.loads(GOLDEN.read_text())
    assert sink.bytes == golden["caffemodel_bytes"]
    assert sink.hash.hexdigest() == golden["caffemodel_sha256"]


_NAMES = st.text(max_size=300)
_BLOBS = st.lists(
    arrays.arrays(np.float32, arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=130).filter(
        lambda shape: np.prod(shape) < 5000
    )), max_size=3,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(name=_NAMES, layers=st.lists(st.tuples(_NAMES, _NAMES, _BLOBS), max_size=3))
def test_protobuf_reads_back_what_was_written(name: str, layers: list[tuple[str, str, list[np.ndarray]]]):
    file = io.BytesIO()
    write_caffemodel(file, name, layers)
    net = NetParameter()
    net.ParseFromString(file.getvalue())
    assert net.name == name
    assert [(layer.name, layer.type) for layer in net.layer] == [(n, t) for n, t, _ in layers]
    for layer, (_, _, blobs) in zip(net.layer, layers, strict=True):
        assert [tuple(blob.shape.dim) for blob in layer.blobs] == [blob.shape for blob in blobs]
        for stored, blob in zip(layer.blobs, blobs, strict=True):
            assert np.array_equal(np.array(stored.data, np.float32), blob.reshape(-1), equal_nan=True)


def test_arrays_that_are_not_contiguous_are_stored_in_c_order():
    blob = np.arange(6, dtype=np.float32).reshape(2, 3).T
    file = io.BytesIO()
    write_caffemodel(file, "n", [("l", "T", [blob])])
    net = NetParameter()
    net.ParseFromString(file.getvalue())
    assert list(net.layer[0].blobs[0].data) == [0, 3, 1, 4, 2, 5]
    assert list(net.layer[0].blobs[0].shape.dim) == [3, 2]
