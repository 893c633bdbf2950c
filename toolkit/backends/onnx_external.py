"""The files beside an ONNX file that hold its weights."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.backends.onnx_outline import parsed
from toolkit.errors import BadInput, Where

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

_KEY = b"location"  # what ONNX calls the entry that names such a file


def onnx_files(artifact: Path) -> tuple[Path, ...]:
    """All files of an ONNX artifact, the main one first; those beside it need not be there.

    Args:
        artifact: The ONNX file. It is parsed only where it may name other files: searching 129 MB of
            weights for that takes 10 ms, parsing them 100 ms.

    Raises:
        BadInput: CTK501, CTK502 or CTK517 for the file; CTK517 also when it names a file outside its folder.
    """
    if not _may_name_others(artifact):
        return (artifact,)
    names = dict.fromkeys(_locations(parsed(artifact).graph))
    return (artifact, *(_beside(artifact, name) for name in names))


def _may_name_others(artifact: Path) -> bool:
    if not artifact.is_file() or artifact.stat().st_size == 0:
        return True  # the parser says what is wrong with it
    with artifact.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        return view.find(_KEY) >= 0


def _beside(artifact: Path, name: str) -> Path:
    folder = artifact.parent.resolve()
    if "\0" not in name and not Path(name).is_absolute() and (folder / name).resolve().is_relative_to(folder):
        return artifact.parent / name
    what = f"the ONNX file keeps weights in {name!r}, outside its own folder"
    raise BadInput("CTK517", what, Where(file=str(artifact)))


def _locations(graph: GraphProto) -> Iterator[str]:
    for tensor in graph.initializer:
        yield from _of_tensor(tensor)
    for node in graph.node:
        yield from _of_node(node)


def _of_node(node: NodeProto) -> Iterator[str]:
    for attribute in node.attribute:
        for tensor in (attribute.t, *attribute.tensors):
            yield from _of_tensor(tensor)
        for graph in (attribute.g, *attribute.graphs):
            yield from _locations(graph)


def _of_tensor(tensor: TensorProto) -> Iterator[str]:
    from onnx import TensorProto

    if tensor.data_location == TensorProto.EXTERNAL:
        yield from (entry.value for entry in tensor.external_data if entry.key == _KEY.decode())
