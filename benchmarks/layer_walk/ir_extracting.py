"""A part of an OpenVINO IR, cut out by OpenVINO itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.layer_walk.piece import Piece
from toolkit.atomic import write_failures_named
from toolkit.backends.openvino_reading import read_artifact
from toolkit.backends.runtime_import import runtime_module
from toolkit.errors import BadInput, Where


def extract_ir(artifact: Path, piece: Piece, target: Path) -> tuple[Path, tuple[str, ...]]:
    """Writes the part of an IR that belongs to a piece; see `extracting.extract`."""
    openvino = runtime_module("openvino", "a piece of an IR")
    model = read_artifact(openvino.Core(), artifact)
    values = {name: out for op in model.get_ops() for out in op.outputs() for name in out.get_names()}
    for name in (*piece.starts, *piece.ends):
        if name not in values:
            raise BadInput("CTK516", f"the graph has no value {name!r}", Where(file=str(artifact)))
    ends = [values[name] for name in piece.ends]
    for name in piece.starts:
        _start_at(openvino, values[name], name)
    results = [openvino.opset13.result(end) for end in ends]
    parameters = _parameters(results)
    part = openvino.Model(results, parameters, "piece")
    with write_failures_named(target):
        openvino.save_model(part, target, compress_to_fp16=False)
    known = dict.fromkeys(piece.starts)
    return target, tuple(_name(parameter, known) for parameter in parameters)


def _start_at(openvino: Any, value: Any, name: str) -> None:
    """Lets everybody who reads a value read a new input of its name and shape."""
    if value.get_node().get_type_name() == "Parameter":
        return
    names, readers = value.get_names(), list(value.get_target_inputs())
    parameter = openvino.opset13.parameter(value.get_partial_shape(), value.get_element_type(), name)
    value.set_names(set())
    parameter.output(0).set_names(names)
    for reader in readers:
        reader.replace_source_output(parameter.output(0))


def _parameters(results: list[Any]) -> list[Any]:
    """Every input that the results depend on."""
    seen: set[str] = set()
    found, waiting = [], list(results)
    while waiting:
        node = waiting.pop()
        if node.get_name() in seen:
            continue
        seen.add(node.get_name())
        if node.get_type_name() == "Parameter":
            found.append(node)
        waiting += [value.get_node() for value in node.input_values()]
    return found


def _name(parameter: Any, known: dict[str, None]) -> str:
    names = parameter.output(0).get_names()
    return next((name for name in known if name in names), min(names, default=parameter.get_friendly_name()))
