"""An ONNX file with more graph outputs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.layer_walk.linking import copy_bytes
from toolkit.atomic import write_failures_named
from toolkit.backends.onnx_external import onnx_files
from toolkit.backends.onnx_outline import Outline, read_outline

if TYPE_CHECKING:
    from onnx import ValueInfoProto


def expose_onnx(artifact: Path, target: Path, names: Collection[str] | None) -> None:
    """Writes the copy; see `exposing.with_every_value`.

    Serialised messages that are concatenated merge (protobuf's encoding guide, "Last One Wins"), so the new
    outputs are appended to the file's bytes, and its weights are never in memory. External data are copied: onnx
    refuses a file that has a second name, and the backends that read with it do so too.

    Raises:
        BadInput: CTK501, CTK502 or CTK517 for the file.
        EnvironmentFailed: CTK401 or CTK402 when the copy cannot be written.
    """
    from onnx import GraphProto, ModelProto

    outline = read_outline(artifact)
    added = ModelProto(graph=GraphProto(output=list(_new_outputs(outline, names))))
    main, *others = onnx_files(artifact)
    for other in others:
        beside = target.parent / other.relative_to(artifact.parent)
        with write_failures_named(beside):
            beside.parent.mkdir(parents=True, exist_ok=True)
            copy_bytes(other, beside)
    with write_failures_named(target):
        copy_bytes(main, target)
        with target.open("ab") as file:
            file.write(added.SerializeToString())


def _new_outputs(outline: Outline, names: Collection[str] | None) -> Iterator[ValueInfoProto]:
    from onnx import ValueInfoProto

    shown = {value.name for value in outline.graph.output}
    for node in outline.graph.node:
        for name in node.output:
            known = outline.types.get(name, ValueInfoProto(name=name))
            wanted = _is_real(known) if names is None else name in names
            if name and wanted and name not in shown and node.op_type != "Constant":
                shown.add(name)
                yield known


def _is_real(value: ValueInfoProto) -> bool:
    """Whether it holds real numbers, or nobody knows what; not shapes, indices and conditions."""
    from onnx import TensorProto

    real = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}
    kind = value.type.WhichOneof("value")
    return kind is None or (kind == "tensor_type" and value.type.tensor_type.elem_type in real)
