"""Writes an ONNX file in one pass: the graph as protobuf, the initializers straight from where they lie.

The lengths of all parts are known beforehand, so that the file is an ordinary ModelProto with one graph
field; no serialised model ever stands in memory. Above protobuf's limit of 2 GiB the numbers go into a
file of their own beside it, as the ONNX format describes (external data).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from converters.onnx.graph import Graph, Initializer, Node, TensorInfo
from converters.wire_writing import field_head
from toolkit.atomic import atomic_writer, write_failures_named
from toolkit.errors import EnvironmentFailed, Where
from toolkit.hashing import HashingWriter
from toolkit.version import __version__

if TYPE_CHECKING:
    import onnx

Metadata = Callable[[], Mapping[str, str]]
Part = tuple[bytes, Initializer | None]
PRODUCER = "ctk"
# Room for the graph itself below protobuf's 2 GiB.
EXTERNAL_ABOVE_BYTES = 2**31 - 64 * 2**20
_ALIGNMENT = 4096
_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file that was written: where, how long, and its sha256."""

    path: Path
    size: int
    sha256: str


def write_onnx(
    target: Path, graph: Graph, metadata: Metadata, *, external_above: int = EXTERNAL_ABOVE_BYTES
) -> list[WrittenFile]:
    """Writes the graph atomically; the same graph and metadata give the same bytes.

    Args:
        target: The ONNX file.
        graph: What to write.
        metadata: Gives the ``metadata_props``; called last, so that hashes may still be in the making.
        external_above: Total size of initializers, in bytes, above which they get a file of their own.

    Returns:
        The ONNX file first, then the file of external data if there is one.

    Raises:
        EnvironmentFailed: CTK401 or CTK402 when the target cannot be written; CTK401 too when there is external
            data, and the target's name, which the ONNX file then holds, is not UTF-8.
    """
    total = sum(item.values.nbytes for item in graph.initializers)
    external = total > external_above
    old = frozenset(file.name for file in _data_files(target)) if external else frozenset()
    data = _write_external(target, graph) if external else None
    parts: list[Part] = (
        [_embedded(item) for item in graph.initializers]
        if data is None
        else [(header, None) for header in _external_headers(graph, data.path.name)]
    )
    with _removed_on_failure(data, old):
        model = _write(target, graph, metadata, parts)
    written = [model, *([data] if data is not None else [])]
    _remove_old_data(target, written)
    return written


@contextmanager
def _removed_on_failure(data: WrittenFile | None, old: frozenset[str]) -> Iterator[None]:
    """Without its ONNX file a new data file is of no use; one that was there before belongs to an older one."""
    try:
        yield
    except BaseException:
        if data is not None and data.path.name not in old:
            with suppress(OSError):
                data.path.unlink()
        raise


def is_ours(target: Path) -> bool:
    """Whether a file begins as the ONNX files that ctk writes: ir_version, then ctk as producer."""
    try:
        if not target.is_file():  # opening a pipe would wait for its writer
            return False
        with target.open("rb") as file:
            head = file.read(16)
    except OSError:
        return False
    return head[:1] == b"\x08" and head[2:7] == b"\x12\x03ctk"


def _write(target: Path, graph: Graph, metadata: Metadata, parts: list[Part]) -> WrittenFile:
    head, small = _messages(graph)
    framed = [
        (field_head(5, len(header) + (item.values.nbytes if item else 0)) + header, item)
        for header, item in parts
    ]
    length = len(small) + sum(len(frame) + (item.values.nbytes if item else 0) for frame, item in framed)
    with atomic_writer(target) as file:
        sink = HashingWriter(file)
        for piece in (head, field_head(7, length), small):
            sink.write(piece)
        for frame, item in framed:
            sink.write(frame)
            if item is not None:
                _write_values(sink, item)
        sink.write(_metadata(metadata()))
    return WrittenFile(target, sink.bytes, sink.hexdigest())


def _write_values(sink: HashingWriter, item: Initializer) -> None:
    """Writes and hashes in pieces that stay in the processor's cache between the two."""
    size = item.values.nbytes
    if size > _CHUNK and not any(item.values.strides):  # one number, repeated: never there as a whole
        one = item.values[(0,) * item.values.ndim]
        piece = _little_endian(np.full(_CHUNK // item.values.itemsize, one, item.values.dtype))
        for start in range(0, size, _CHUNK):
            sink.write(piece[: size - start])
        return
    view = _little_endian(item.values)
    for start in range(0, view.nbytes, _CHUNK):
        sink.write(view[start : start + _CHUNK])


def _messages(graph: Graph) -> tuple[bytes, bytes]:
    """The parts of a ModelProto before the initializers: the fields before the graph, and the graph."""
    from onnx import GraphProto, ModelProto, OperatorSetIdProto, helper

    opset = OperatorSetIdProto(domain="", version=graph.opset)
    head = ModelProto(
        ir_version=helper.find_min_ir_version_for([opset]),
        producer_name=PRODUCER,
        producer_version=__version__,
        opset_import=[opset],
    )
    body = GraphProto(
        name=graph.name,
        node=[_node(node) for node in graph.nodes],
        input=[_value(info) for info in graph.inputs],
        output=[_value(info) for info in graph.outputs],
        value_info=[_value(info) for info in graph.inner],
    )
    return head.SerializeToString(), body.SerializeToString()


def _metadata(properties: Mapping[str, str]) -> bytes:
    from onnx import ModelProto, StringStringEntryProto

    entries = [StringStringEntryProto(key=key, value=value) for key, value in properties.items()]
    return ModelProto(metadata_props=entries).SerializeToString()


def _node(node: Node) -> onnx.NodeProto:
    from onnx import helper

    attributes = {key: node.attributes[key] for key in sorted(node.attributes)}
    return helper.make_node(node.op, node.inputs, node.outputs, name=node.name, **attributes)


def _value(info: TensorInfo) -> onnx.ValueInfoProto:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(info.name, TensorProto.FLOAT, info.dims)


def _tensor_header(item: Initializer) -> Any:
    from onnx import TensorProto, helper

    data_type = helper.np_dtype_to_tensor_dtype(item.values.dtype.newbyteorder("="))
    return TensorProto(dims=item.values.shape, data_type=data_type, name=item.name)


def _embedded(item: Initializer) -> Part:
    return _tensor_header(item).SerializeToString() + field_head(9, item.values.nbytes), item


def _little_endian(values: NDArray[Any]) -> memoryview:
    flat = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False)
    return flat.reshape(-1).view(np.uint8).data


def _offsets(graph: Graph) -> Iterator[int]:
    position = 0
    for item in graph.initializers:
        position = -(-position // _ALIGNMENT) * _ALIGNMENT
        yield position
        position += item.values.nbytes


def _external_headers(graph: Graph, location: str) -> Iterator[bytes]:
    from onnx import StringStringEntryProto, TensorProto

    for item, offset in zip(graph.initializers, _offsets(graph), strict=True):
        header = _tensor_header(item)
        header.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", offset), ("length", item.values.nbytes)):
            header.external_data.append(StringStringEntryProto(key=key, value=str(value)))
        yield header.SerializeToString()


def _write_external(target: Path, graph: Graph) -> WrittenFile:
    """The data file bears its own hash in its name: an old ONNX file never meets new numbers."""
    try:
        target.name.encode()
    except UnicodeEncodeError as error:
        what = "an ONNX file of this size names its file of external data, and this name is not UTF-8"
        raise EnvironmentFailed(
            "CTK401", what, Where(file=str(target)), ["choose another name with -o"]
        ) from error
    draft = target.with_name(_draft_name(target))
    with atomic_writer(draft) as file:
        sink = HashingWriter(file)
        for item, offset in zip(graph.initializers, _offsets(graph), strict=True):
            sink.write(bytes(offset - sink.bytes))
            _write_values(sink, item)
    named = target.with_name(f"{target.name}.{sink.hexdigest()[:16]}.data")
    with write_failures_named(named):
        draft.replace(named)
    return WrittenFile(named, sink.bytes, sink.hexdigest())


def _draft_name(target: Path) -> str:
    # Not NAME.onnx.data, which other tools write and which may be somebody's.
    return f".{target.name}.ctk-draft"


def _remove_old_data(target: Path, written: Sequence[WrittenFile]) -> None:
    """Removes data files of earlier versions of the target, known by the hash in their name."""
    keep = {file.path.name for file in written}
    for old in _data_files(target):
        if old.name not in keep:
            with suppress(OSError):
                old.unlink()


def _data_files(target: Path) -> list[Path]:
    pattern = re.compile(re.escape(target.name) + r"\.[0-9a-f]{16}\.data")
    with suppress(OSError, ValueError):
        return [
            file
            for file in target.parent.iterdir()
            if pattern.fullmatch(file.name) or file.name == _draft_name(target)
        ]
    return []
