"""Numbers of an ONNX file that lie in another file: every element type, and what cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from converters.diff.comparing import diff_models
from converters.diff.onnx_tensors import map_onnx
from toolkit.app import main
from toolkit.errors import BadInput

DATA = bytes(range(256))


def external(path: Path, kind: int, dims: Sequence[int], data: bytes = DATA, **place: object) -> Path:
    """An ONNX file whose initializer ``w`` lies beside it."""
    tensor = TensorProto(name="w", data_type=kind, dims=dims, data_location=TensorProto.EXTERNAL)
    location = path.with_suffix(".bin")
    location.write_bytes(data)
    for key, value in {"location": location.name, **place}.items():
        tensor.external_data.add(key=key, value=str(value))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", ends[:1], ends[1:], [tensor])
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


def read(path: Path) -> NDArray[Any]:
    return map_onnx(path).load["w"]()


@pytest.mark.parametrize("name", ["FLOAT", "BFLOAT16", "INT64", "BOOL", "INT8", "FLOAT8E5M2", "COMPLEX64"])
def test_whole_bytes(name: str, tmp_path: Path):
    kind = TensorProto.DataType.Value(name)
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    found = read(external(tmp_path / "n.onnx", kind, (2, 3), offset=16))
    assert (found.shape, found.dtype) == ((2, 3), dtype)
    assert found.tobytes() == DATA[16 : 16 + 6 * dtype.itemsize]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("UINT4", [0x0, 0x1, 0x1, 0x1, 0x2]),  # by hand: the low half of 0x10, 0x11 and 0x12 is the first
        ("INT4", [0, 1, 1, 1, 2]),
        ("FLOAT4E2M1", [0.0, 0.5, 0.5, 0.5, 1.0]),
    ],
)
def test_halves_of_bytes(name: str, wanted: list[float], tmp_path: Path):
    kind = TensorProto.DataType.Value(name)
    path = external(tmp_path / "n.onnx", kind, (5,), bytes([0xFF, 0x10, 0x11, 0x12]), offset=1)
    assert read(path).astype(float).tolist() == wanted
    # Two further elements lie beyond the end.
    path = external(tmp_path / "m.onnx", kind, (7,), bytes([0xFF, 0x10, 0x11, 0x12]), offset=1)
    with pytest.raises(BadInput, match=r"CTK517 .*cut short"):
        read(path)


def test_halves_of_bytes_are_those_that_onnx_writes(tmp_path: Path):
    kind = TensorProto.INT4
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    values = np.array([[-8, 7, 3], [0, -1, 5]]).astype(dtype)
    written = numpy_helper.from_array(values, "w").raw_data
    assert len(written) == 3
    found = read(external(tmp_path / "n.onnx", kind, (2, 3), written))
    assert found.astype(int).tolist() == values.astype(int).tolist()


def test_a_change_in_half_a_byte_is_a_difference(tmp_path: Path):
    a, b = (
        str(external(tmp_path / f"{letter}.onnx", TensorProto.INT4, (4,), data))
        for letter, data in (("a", b"\x21\x43"), ("b", b"\x21\x53"))
    )
    (item,) = diff_models(a, b).weights
    assert (item.kind, item.differing, item.max_abs) == ("different", 1, 1.0)
    assert diff_models(a, a).verdict == "pass"


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.INT4])
@pytest.mark.parametrize("data", [b"", DATA])
def test_no_elements_need_no_bytes(kind: int, data: bytes, tmp_path: Path):
    assert read(external(tmp_path / "n.onnx", kind, (0, 3), data)).shape == (0, 3)


@pytest.mark.parametrize(
    ("kind", "dims", "why"),
    [
        (99, [4], "is of an unknown type"),
        (TensorProto.UNDEFINED, [4], "is of an unknown type"),
        (TensorProto.STRING, [4], "holds texts, which cannot be external data"),
        (TensorProto.FLOAT, [1] * 70, "do not fit its shape"),
        (TensorProto.FLOAT, [2**40, 2**40], "cut short"),
    ],
)
def test_what_cannot_be_read_is_said(
    kind: int, dims: list[int], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = str(external(tmp_path / "n.onnx", kind, dims))
    assert main(["diff", path, path]) == 5
    error = capsys.readouterr().err.splitlines()[0]
    assert error.startswith("error: CTK517 the ONNX file is damaged: ")
    assert why in error


@pytest.mark.parametrize(("offset", "why"), [("x", "is no number"), (-4, "cut short"), (250, "cut short")])
def test_a_place_that_does_not_exist(offset: object, why: str, tmp_path: Path):
    with pytest.raises(BadInput, match=f"CTK517 .*{why}"):
        read(external(tmp_path / "n.onnx", TensorProto.FLOAT, (4,), offset=offset))
