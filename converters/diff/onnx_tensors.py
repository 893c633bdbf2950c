"""Reads an ONNX file without copying its weights: they stay views of the mapped file."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from converters.caffe.wire import LENGTH, Field, WireDamage, fields
from converters.inspection.onnx_reading import check_onnx, damaged, is_external, lies_below
from toolkit.content import refuse_stand_in
from toolkit.errors import BadInput, Where
from toolkit.files import opened

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

# Field numbers of onnx.proto: ModelProto.graph, GraphProto.initializer, TensorProto.raw_data.
_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9
_KEPT_BYTES = 4096
# Bits of the types whose elements share bytes in a file; in memory each has a byte of its own.
_PACKED = {
    "int4": 4, "uint4": 4, "float4_e2m1fn": 4, "int2": 2, "uint2": 2, "float6_e2m3fn": 6, "float6_e3m2fn": 6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OnnxTensors:
    """An ONNX file.

    Attributes:
        model: Everything but the numbers of large initializers.
        load: By initializer, a function that gives its numbers.
    """

    model: ModelProto
    load: dict[str, Callable[[], NDArray[Any]]]


def map_onnx(path: Path) -> OnnxTensors:
    """Maps an ONNX file and checks it.

    Raises:
        BadInput: CTK501 when it cannot be opened, CTK502 when it is something else, CTK517 when it is damaged or
            its external data is missing, cut short, or not in its folder.
    """
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    data = _mapped(path)
    refuse_stand_in(bytes(data[:4096]), path, "onnx")
    model = ModelProto()
    views: list[memoryview | None] = []
    try:
        for field in fields(data, 0, len(data)):
            if field.number == _GRAPH and field.kind == LENGTH:
                _merge_graph(model, data, field, views)
            else:
                model.MergeFromString(bytes(data[field.tag_start : field.end]))
    except (WireDamage, DecodeError) as error:
        raise damaged(path, "it is cut short or no ONNX") from error
    found: dict[str, Callable[[], NDArray[Any]]] = {}
    for tensor, view in zip(model.graph.initializer, views, strict=True):
        found[tensor.name] = _loader(tensor, view, path)
    check_onnx(model, path)
    return OnnxTensors(model, found)


def _mapped(path: Path) -> memoryview:
    with opened(path, "ONNX file") as file:
        size = file.seek(0, 2)
        return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) if size else b"")


def _merge_graph(model: ModelProto, data: memoryview, graph: Field, views: list[memoryview | None]) -> None:
    model.graph.SetInParent()
    for field in fields(data, graph.start, graph.end):
        if field.number == _INITIALIZER and field.kind == LENGTH:
            header, view = _split(data, field)
            model.graph.initializer.add().MergeFromString(header)
            views.append(view)
        else:
            model.graph.MergeFromString(bytes(data[field.tag_start : field.end]))


def _split(data: memoryview, tensor: Field) -> tuple[bytes, memoryview | None]:
    header, view = bytearray(), None
    for field in fields(data, tensor.start, tensor.end):
        if field.number == _RAW_DATA and field.kind == LENGTH and field.end - field.start > _KEPT_BYTES:
            view = data[field.start : field.end]
        else:
            header += data[field.tag_start : field.end]
    return bytes(header), view


def _loader(tensor: TensorProto, view: memoryview | None, path: Path) -> Callable[[], NDArray[Any]]:
    from onnx import helper

    if is_external(tensor):
        return partial(_external, {entry.key: entry.value for entry in tensor.external_data}, tensor, path)
    if view is None:
        # The values of a tensor are dropped by the check that follows, so it is copied now.
        copied = type(tensor)()
        copied.CopyFrom(tensor)
        return partial(_decoded, copied, path)
    try:
        dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except (KeyError, ValueError) as error:
        raise damaged(path, f"tensor {tensor.name!r} is of an unknown type") from error
    if any(size < 0 for size in tensor.dims) or prod(tensor.dims) * dtype.itemsize != len(view):
        tensor.raw_data = bytes(view)  # 4-bit elements, or damage: onnx knows
        copied = type(tensor)()
        copied.CopyFrom(tensor)
        tensor.ClearField("raw_data")
        return partial(_decoded, copied, path)
    shape = tuple(tensor.dims)
    return lambda: np.frombuffer(view, dtype.newbyteorder("<")).reshape(shape)


def _decoded(tensor: TensorProto, path: Path) -> NDArray[Any]:
    from onnx import numpy_helper

    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError) as error:
        raise damaged(path, f"the numbers of tensor {tensor.name!r} do not fit its shape") from error


def _external(facts: dict[str, str], tensor: TensorProto, path: Path) -> NDArray[Any]:
    dtype = _type_of_external(tensor, path)
    bits = _PACKED.get(dtype.name, dtype.itemsize * 8)
    data = _bytes_of_external(facts, -(-prod(tensor.dims) * bits // 8), path)
    if dtype.name in _PACKED:  # onnx knows how; the few bytes of them are copied
        copied = type(tensor)(dims=tensor.dims, data_type=tensor.data_type, raw_data=bytes(data))
        copied.name = tensor.name
        return _decoded(copied, path)
    try:
        return np.frombuffer(data, dtype.newbyteorder("<")).reshape(tuple(tensor.dims))
    except ValueError as error:  # more axes than NumPy has
        raise damaged(path, f"the numbers of tensor {tensor.name!r} do not fit its shape") from error


def _type_of_external(tensor: TensorProto, path: Path) -> np.dtype[Any]:
    from onnx import helper

    try:
        dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except (KeyError, ValueError) as error:
        raise damaged(path, f"tensor {tensor.name!r} is of an unknown type") from error
    if dtype.kind == "O":
        raise damaged(path, f"tensor {tensor.name!r} holds texts, which cannot be external data")
    return dtype


def _bytes_of_external(facts: dict[str, str], needed: int, path: Path) -> memoryview:
    location = facts.get("location", "")
    target = path.parent / location
    if not lies_below(target, path.parent):
        raise damaged(path, f"its external data {location!r} is not in the folder of the ONNX file")
    offset = _offset(facts, path)
    try:
        with opened(target, "external data") as file:
            size = file.seek(0, 2)
            if offset < 0 or offset + needed > size:
                raise damaged(path, f"its external data {location!r} is cut short")
            if not needed:  # an empty file cannot be mapped
                return memoryview(b"")
            mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    except BadInput as error:
        if error.code != "CTK501":
            raise
        what = f"its external data {location!r} cannot be read"
        raise BadInput(
            "CTK517", what, Where(file=str(path)), ["put the file beside the ONNX file"]
        ) from error
    return memoryview(mapped)[offset : offset + needed]


def _offset(facts: dict[str, str], path: Path) -> int:
    try:
        return int(facts.get("offset", "0"))
    except ValueError as error:
        location = facts.get("location", "")
        raise damaged(path, f"the place of its external data {location!r} is no number") from error
