from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from converters.caffe.schema import NetParameter
from converters.wire_writing import field_head, varint


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(0, 2**31 - 1))
def test_protobuf_reads_what_is_written(name: str, size: int):
    data = name.encode()
    message = field_head(1, len(data)) + data + varint(4 << 3) + varint(size)  # name = 1, input_dim = 4
    read = NetParameter.FromString(message)
    assert (read.name, list(read.input_dim)) == (name, [size])
