"""Where OpenVINO would compute something else than the ONNX file says, without a word: put right, or refused.

Found by the golden cases and by random networks with openvino 2026.4.1. Each repair is right, too, for a
version without the fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converters.openvino.naming import replace_output
from converters.openvino.reading import openvino_module
from toolkit.errors import EnvironmentFailed, Where

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

_OWN_DOMAINS = {"", "ai.onnx"}


def repair(model: Any, parsed: ModelProto, path: Path) -> None:
    """Goes through the nodes with a known fault, then holds all shapes against those that the file states.

    Args:
        model: ``openvino.Model`` as read and named, changed in place.
        parsed: The ONNX file.
        path: The same, for messages.

    Raises:
        EnvironmentFailed: CTK404 when something cannot be put right.
    """
    makers = {name: out for op in model.get_ops() for out in op.outputs() for name in out.get_names()}
    repairs = {"LRN": _give_bias, "TopK": _make_stable}
    for node in parsed.graph.node:
        known = [name for name in node.output if name in makers]
        if node.domain in _OWN_DOMAINS and node.op_type in repairs and known:
            op = makers[known[0]].get_node()
            if op.get_type_name() == node.op_type:
                repairs[node.op_type](op, path)
    model.validate_nodes_and_infer_types()
    _check_shapes(model, parsed.graph, path)


def _make_stable(op: Any, _path: Path) -> None:
    """Of equal values ONNX wants the one of the lowest index, and so does Caffe's ArgMax; the reader forgets it."""
    facts = op.get_attributes()
    stable = openvino_module().opset13.topk(
        *op.input_values(), facts["axis"], facts["mode"], "value", facts["index_element_type"], True
    )
    stable.set_friendly_name(op.get_friendly_name())
    for old, new in zip(op.outputs(), stable.outputs(), strict=True):
        replace_output(old, new)


def _give_bias(op: Any, path: Path) -> None:
    """The CPU plugin keeps the bias k of LRN as a whole number.

    x / (k + a·s)^b = x / (1 + a/k·s)^b · k^-b takes it out of the operation.
    """
    facts = op.get_attributes()
    bias, beta, name = facts["bias"], facts["beta"], op.get_friendly_name()
    if float(bias).is_integer():
        return
    if bias < 0:
        raise _wrong(f"the bias {bias} of LRN {name!r}", path, "it keeps a whole number only")
    opset, output = openvino_module().opset13, op.output(0)
    whole = opset.lrn(*op.input_values(), facts["alpha"] / bias, beta, 1.0, facts["size"])
    whole.set_friendly_name(f"{name}/normalised")
    factor = opset.constant(np.asarray([bias**-beta]), output.get_element_type())
    factor.set_friendly_name(f"{name}.bias_power")
    scaled = opset.multiply(whole, factor)
    scaled.set_friendly_name(name)
    replace_output(output, scaled.output(0))


def _check_shapes(model: Any, graph: GraphProto, path: Path) -> None:
    """A net under everything else: what the file states of a value must be what OpenVINO makes of it."""
    stated = _stated_shapes(graph)
    for op in model.get_ops():
        for out in op.outputs():
            shape = out.get_partial_shape()
            if shape.rank.is_dynamic:
                continue
            found = [size.get_length() if size.is_static else None for size in shape]
            for name in out.get_names() & stated.keys():
                wanted = stated[name]
                same = len(found) == len(wanted) and all(
                    have is None or want is None or have == want
                    for have, want in zip(found, wanted, strict=True)
                )
                if not same:
                    raise _wrong(f"the shape of {name!r} ({found} for {wanted})", path)


def _stated_shapes(graph: GraphProto) -> Mapping[str, list[int | None]]:
    """Sizes by value; None for one that the file leaves open."""
    infos = (*graph.value_info, *graph.output)
    return {
        info.name: [
            size.dim_value if size.dim_value > 0 else None for size in info.type.tensor_type.shape.dim
        ]
        for info in infos
        if info.type.HasField("tensor_type") and info.type.tensor_type.HasField("shape")
    }


def _wrong(what: str, path: Path, *why: str) -> EnvironmentFailed:
    return EnvironmentFailed(
        "CTK404",
        f"openvino would not compute what the ONNX file says: it misreads {what}",
        Where(file=str(path)),
        [*why, "run the ONNX file in onnxruntime, or try another version of openvino"],
    )
