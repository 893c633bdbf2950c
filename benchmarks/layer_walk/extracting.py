"""The part of an artifact that belongs to a piece of its network, as an artifact of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.layer_walk.piece import Piece, is_caffe
from converters.caffe.extraction import leading_to, starting_at
from toolkit.atomic import write_failures_named
from toolkit.backends.openvino_reading import format_of
from toolkit.errors import BadInput, Where
from toolkit.messages import collected_warnings

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, ValueInfoProto

STEM = "piece"
Values = Mapping[str, NDArray[Any]]


def extract(artifact: Path, piece: Piece, starts: Values, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Writes the part of an artifact between two sets of values; its nodes and numbers stay as they are.

    Args:
        artifact: An ONNX file, an IR, or a prototxt.
        piece: What is wanted.
        starts: Arrays of the values that it starts from, whose shapes it gets; also those of graph inputs, which
            it reads where the artifact is wired otherwise than the network.
        folder: Where it goes, as ``piece.onnx``, ``piece.xml`` or ``net.prototxt``.

    Returns:
        Its main file, and the names of its inputs.

    Raises:
        BadInput: CTK501, CTK502, CTK517 or CTK520 for the file, CTK516 where it lacks one of the values.
        EnvironmentFailed: CTK401 or CTK402 when it cannot be written, CTK404 when OpenVINO is missing.
    """
    if is_caffe(artifact):
        return _from_caffe(artifact, piece, folder)
    if format_of(artifact) == "openvino":
        from benchmarks.layer_walk.ir_extracting import extract_ir

        return extract_ir(artifact, piece, folder / f"{STEM}.xml")
    return _from_onnx(artifact, piece, starts, folder / f"{STEM}.onnx")


def _from_caffe(artifact: Path, piece: Piece, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Of the artifact's own layers and numbers, which need not be those of the network it is held against."""
    from converters.caffe.build import NetOptions, load_sources, read_net
    from converters.caffe.opencv_network import write_complete

    caffemodel = artifact.with_suffix(".caffemodel")
    with collected_warnings():  # whoever runs the artifact says them
        net = read_net(artifact, load_sources(caffemodel if caffemodel.exists() else None), NetOptions())
    _refuse_missing(artifact, piece, net.values)
    shapes = {name: net.values[name].shape for name in piece.starts}
    inner = {name: shape for name, shape in shapes.items() if name not in net.inputs}
    layers = leading_to(starting_at(net.layers, inner, net.file), piece.ends)
    part = replace(net, inputs=piece.starts, outputs=piece.ends, layers=tuple(layers), unread_inputs=())
    with write_failures_named(folder):
        return write_complete(part, folder)[0], piece.starts


def _from_onnx(artifact: Path, piece: Piece, starts: Values, target: Path) -> tuple[Path, tuple[str, ...]]:
    from converters.diff.onnx_tensors import map_onnx
    from toolkit.backends.onnx_outline import captured_names, read_outline

    found = map_onnx(artifact)
    graph = found.model.graph
    cut, wanted, kept = set(piece.starts), set(piece.ends), []
    _refuse_missing(
        artifact, piece, {*(o for n in graph.node for o in n.output), *(i.name for i in graph.input)}
    )
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update({*node.input, *captured_names(node)} - cut)
    read = {name for node in kept for name in (*node.input, *captured_names(node))}
    inputs = [name for name in starts if name in read and name not in found.load]
    held = {name: found.load[name]() for name in read if name in found.load}
    types = read_outline(artifact).types
    outputs = [types.get(name) or _real(name) for name in piece.ends]
    nodes = _casting(
        kept[::-1], {name: types[name].type.tensor_type.elem_type for name in inputs if name in types}
    )
    model = _model(found.model, nodes, {name: starts[name] for name in inputs}, outputs, held)
    with write_failures_named(target):
        target.write_bytes(model.SerializeToString())
    return target, tuple(inputs)


def _model(
    whole: ModelProto, nodes: Collection[Any], inputs: Values, outputs: Collection[Any], held: Values
) -> ModelProto:
    from onnx import GraphProto, ModelProto, TensorProto, helper, numpy_helper

    graph = GraphProto(
        name=STEM,
        node=nodes,
        input=[helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in inputs.items()],
        output=outputs,
        initializer=[numpy_helper.from_array(np.ascontiguousarray(a), name) for name, a in held.items()],
    )
    return ModelProto(
        ir_version=whole.ir_version,
        producer_name=whole.producer_name,
        opset_import=whole.opset_import,
        functions=whole.functions,
        graph=graph,
    )


def _casting(nodes: Sequence[NodeProto], elements: Mapping[str, int]) -> list[NodeProto]:
    """The nodes behind casts of those inputs that the artifact has in other real numbers than f32, which pieces take."""
    from onnx import NodeProto, TensorProto, helper

    narrow = {TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}
    renamed = {name: f"{name}/as in the artifact" for name, element in elements.items() if element in narrow}
    casts = [helper.make_node("Cast", [name], [new], to=elements[name]) for name, new in renamed.items()]
    found = []
    for node in nodes:
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [renamed.get(name, name) for name in node.input]
        found.append(copy)
    return [*casts, *found]


def _real(name: str) -> ValueInfoProto:
    """A value of which nothing is known but that it is a blob."""
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)


def _refuse_missing(artifact: Path, piece: Piece, known: Collection[str]) -> None:
    for name in (*piece.starts, *piece.ends):
        if name not in known:
            raise BadInput("CTK516", f"the graph has no value {name!r}", Where(file=str(artifact)))
