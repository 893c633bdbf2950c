"""Reads an ONNX file once, and says so when it is damaged; external data stays where it is."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from converters.inspection.document import InspectedFile
from converters.inspection.given_files import inspected_file, shown
from toolkit.content import HEAD_BYTES, refuse_stand_in
from toolkit.errors import BadInput, Where
from toolkit.files import opened

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto

MOST_BYTES = 2**31 - 1
"""The largest message that protobuf writes and reads; numbers beyond it lie in files beside the ONNX file."""
_NOTES = ("convert it again, or fetch it again",)
# Above this, the bytes of a tensor are forgotten once they were checked: nobody reads them any more.
_KEPT_BYTES = 4096


def read_onnx(path: Path) -> ModelProto:
    """Parses an ONNX file and checks that its graph hangs together.

    The numbers of large initializers are checked by length and then dropped.

    Raises:
        BadInput: CTK501 when it cannot be opened, CTK502 when it is something else (HTML page, Git LFS
            pointer ...), CTK517 when it is cut or damaged.
    """
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    with opened(path, "ONNX file") as file:
        head = file.read(HEAD_BYTES)
        refuse_stand_in(head, path, "onnx")
        size = file.seek(0, 2)
        if size > MOST_BYTES:
            raise damaged(path, f"it has {size} bytes, and no protobuf message has more than {MOST_BYTES}")
        file.seek(0)
        data = file.read(MOST_BYTES)
    try:
        model = ModelProto.FromString(data)
    except DecodeError as error:
        raise damaged(path, "it is cut short or no ONNX") from error
    check_onnx(model, path)
    return model


def check_onnx(model: ModelProto, path: Path) -> None:
    """Checks that a graph hangs together, and drops the numbers of its large tensors.

    Args:
        model: The parsed file; its tensors may lack their bytes.
        path: Its name, for messages.

    Raises:
        BadInput: CTK517.
    """
    if not model.HasField("graph") or not model.graph.output:
        raise damaged(path, "it holds no graph with an output")
    # For text that is not UTF-8 protobuf gives bytes, whatever its type annotations say.
    if any(isinstance(text, bytes) for text in _texts(model)):
        raise damaged(path, "a name in it is not UTF-8")
    for tensor in tensors(model.graph):
        _check_and_drop(tensor, path)
    _check_wiring(model.graph, path)


def damaged(path: Path, why: str) -> BadInput:
    """The error about an ONNX file that cannot be used."""
    return BadInput("CTK517", f"the ONNX file is damaged: {why}", Where(file=str(path)), _NOTES)


def tensors(graph: GraphProto) -> Iterator[TensorProto]:
    """Initializers, and values of Constant nodes, of the main graph."""
    yield from graph.initializer
    for node in graph.node:
        if node.op_type == "Constant":
            yield from (attribute.t for attribute in node.attribute if attribute.name == "value")


def initializer_names(graph: GraphProto) -> set[str]:
    """Names of all initializers, sparse ones too."""
    sparse = {item.values.name for item in graph.sparse_initializer}
    return {item.name for item in graph.initializer} | sparse


def external_files(model: ModelProto, path: Path) -> tuple[list[InspectedFile], list[str]]:
    """Files beside the ONNX file that hold its numbers, and remarks about those that fail to.

    Only files in the folder of the ONNX file, or below it, are looked at, as the format demands.
    """
    needed: dict[str, int] = {}
    for tensor in tensors(model.graph):
        if is_external(tensor):
            facts = {entry.key: entry.value for entry in tensor.external_data}
            end = _number(facts.get("offset")) + _number(facts.get("length"))
            location = facts.get("location", "")
            needed[location] = max(needed.get(location, 0), end)
    files, remarks = [], []
    for location, end in needed.items():
        target = path.parent / location
        if not lies_below(target, path.parent):
            remarks.append(f"its external data {location!r} is not in the folder of the ONNX file")
        elif not target.is_file():
            files.append(
                InspectedFile(kind="external data", path=shown(str(target)), size_bytes=None, sha256=None)
            )
            remarks.append(f"its external data {location!r} is missing: the graph cannot run without it")
        else:
            files.append(inspected_file(target, "external data"))
            if target.stat().st_size < end:
                remarks.append(f"its external data {location!r} is cut short: {end} bytes are needed")
    return files, remarks


def _texts(model: ModelProto) -> Iterator[object]:
    """All texts of the file that are read anywhere."""
    graph = model.graph
    yield from (model.producer_name, model.producer_version, graph.name)
    yield from (item.domain for item in model.opset_import)
    for entry in model.metadata_props:
        yield from (entry.key, entry.value)
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
    for tensor in (*tensors(graph), *(item.values for item in graph.sparse_initializer)):
        yield tensor.name
        for entry in tensor.external_data:
            yield from (entry.key, entry.value)
    for info in (*graph.input, *graph.output, *graph.value_info):
        yield info.name
        yield from (dim.dim_param for dim in info.type.tensor_type.shape.dim)


def _check_and_drop(tensor: TensorProto, path: Path) -> None:
    if any(size < 0 for size in tensor.dims):
        raise damaged(path, f"tensor {tensor.name!r} has a negative size")
    raw = len(tensor.raw_data) if tensor.HasField("raw_data") else None
    width = _widths().get(tensor.data_type)
    needed = width and prod(tensor.dims) * width
    if raw is not None and needed is not None and raw != needed and not is_external(tensor):
        raise damaged(path, f"tensor {tensor.name!r} needs {needed} bytes and has {raw}")
    if tensor.ByteSize() > _KEPT_BYTES:
        for field in ("raw_data", "float_data", "double_data", "int32_data", "int64_data", "uint64_data"):
            tensor.ClearField(field)


def _widths() -> dict[int, int]:
    """Bytes per element, of types whose elements take whole bytes."""
    from onnx import TensorProto as T

    return {
        T.FLOAT: 4, T.DOUBLE: 8, T.FLOAT16: 2, T.BFLOAT16: 2, T.INT8: 1, T.UINT8: 1, T.INT16: 2, T.UINT16: 2,
        T.INT32: 4, T.UINT32: 4, T.INT64: 8, T.UINT64: 8, T.BOOL: 1,
    }  # fmt: skip


def _check_wiring(graph: GraphProto, path: Path) -> None:
    known = {info.name for info in graph.input} | initializer_names(graph) | {""}
    for node in graph.node:
        for name in node.input:
            if name not in known:
                raise damaged(path, f"node {node.name or node.op_type!r} reads {name!r}, which nothing makes")
        known.update(node.output)
    for info in graph.output:
        if info.name not in known:
            raise damaged(path, f"nothing makes its output {info.name!r}")


def is_external(tensor: TensorProto) -> bool:
    """Whether the numbers of a tensor lie in another file."""
    return tensor.data_location == tensor.EXTERNAL


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else 0


def lies_below(target: Path, folder: Path) -> bool:
    """Whether a path leads into the folder, also behind symbolic links."""
    try:
        return target.resolve().is_relative_to(folder.resolve()) and target != folder
    except (OSError, ValueError, RuntimeError):
        return False
