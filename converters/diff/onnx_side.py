"""An ONNX file in comparable form."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from converters.diff.comparable import Comparable, Load, Weight
from converters.diff.graph_parts import PlainNode, parts_of, read_attribute
from converters.diff.onnx_tensors import map_onnx
from converters.diff.telling_options import telling_options
from converters.inspection.given_files import inspected_file
from converters.inspection.onnx_reading import external_files
from converters.inspection.onnx_shapes import shapes_of
from converters.inspection.provenance import embedded_provenance
from toolkit.artifact import ArtifactDocument

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto


def onnx_side(path: Path) -> Comparable:
    """Reads an ONNX file; its weights stay where they are.

    Raises:
        BadInput: As `map_onnx`.
    """
    found = map_onnx(path)
    model = found.model
    facts, _ = embedded_provenance({item.key: item.value for item in model.metadata_props})
    listed = [inspected_file(path, "onnx")]
    shapes = shapes_of(model)
    names = set(found.load) | {item.values.name for item in model.graph.sparse_initializer}
    parts, _ = parts_of(map(_plain, model.graph.node), shapes.inputs, names, shapes.dims)
    return Comparable(
        format="onnx",
        parts_are="nodes",
        files=[*listed, *external_files(model, path)[0]],
        weights=_weights(model, found.load, facts),
        parts=parts,
        inputs=[shapes.tensor(name) for name in shapes.inputs],
        outputs=[shapes.tensor(info.name) for info in model.graph.output],
        opset=next((item.version for item in model.opset_import if item.domain in {"", "ai.onnx"}), None),
        remarks=telling_options(path, facts),
    )


def _plain(node: NodeProto) -> PlainNode:
    op = node.op_type if node.domain in {"", "ai.onnx"} else f"{node.domain}:{node.op_type}"
    attributes = {attribute.name: read_attribute(attribute) for attribute in node.attribute}
    return PlainNode(node.name, op, node.input, node.output, attributes)


def _weights(model: ModelProto, load: Mapping[str, Load], facts: ArtifactDocument | None) -> list[Weight]:
    known: dict[str, tuple[tuple[str, int], str]] = {}
    sizes = {item.name: prod(item.dims) for item in model.graph.initializer}
    for layer in facts.ledger.layers if facts else ():
        for index, entry in enumerate(layer.parameters):
            if entry.initializer is not None and sizes.get(entry.initializer) == entry.elements:
                known.setdefault(entry.initializer, ((layer.layer, index), entry.origin))
    found = []
    for item in model.graph.initializer:
        key, origin = known.get(item.name, (None, None))
        made_up = facts is not None and key is None
        dims = tuple(item.dims)
        found.append(Weight(item.name, key, dims, _dtype(item), load[item.name], origin, is_constant=made_up))
    return found


def _dtype(tensor: TensorProto) -> str:
    from onnx import TensorProto, helper

    known = tensor.data_type in TensorProto.DataType.values() and tensor.data_type != TensorProto.UNDEFINED
    return helper.tensor_dtype_to_np_dtype(tensor.data_type).name if known else "unknown"
