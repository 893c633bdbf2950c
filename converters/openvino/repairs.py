"""Where OpenVINO would compute something else than the ONNX file says, without a word: put right, or refused.

Found by the golden cases and by random networks with openvino 2026.4.1. Each repair is right, too, for a
version without the fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converters.caffe.wiring import unique_name
from converters.openvino.bodies import OWN_DOMAINS, every_tensor, nodes_in_bodies, opset_of
from converters.openvino.naming import friendly_names, node_title, replace_output, values_by_name
from converters.openvino.reading import openvino_module
from converters.openvino.softmax import MISREAD_OPSETS, flatten_from_axis, stated_axis
from toolkit.backends.openvino_deviations import MISREAD_IN_WORDS, is_misread_number
from toolkit.errors import EnvironmentFailed, Where

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto


def repair(model: Any, parsed: ModelProto, path: Path) -> None:
    """Goes through the nodes with a known fault, then holds all shapes against those that the file states.

    Within branches, loops and functions such a node is refused.

    Args:
        model: ``openvino.Model`` as read and named, changed in place.
        parsed: The ONNX file.
        path: The same, for messages.

    Raises:
        EnvironmentFailed: CTK404 when something cannot be put right.
    """
    _refuse_within_bodies(parsed, path)
    _refuse_misread_numbers(parsed, path)
    makers, opset = values_by_name(model), opset_of(parsed)
    mending = _Mending(path, friendly_names(model))
    for node in parsed.graph.node:
        known = [name for name in node.output if name in makers]
        if known and _is_misread(node, opset):
            op = makers[known[0]].get_node()
            if op.get_type_name() == node.op_type:
                _REPAIRS[node.op_type](op, node, mending)
    model.validate_nodes_and_infer_types()
    _check_shapes(model, parsed.graph, path)


@dataclass(frozen=True, slots=True)
class _Mending:
    """What the repairs share: the file, for messages, and the names that operations have."""

    path: Path
    taken: set[str]


def _is_misread(node: NodeProto, opset: int) -> bool:
    """Whether OpenVINO may compute something else for a node."""
    if node.domain not in OWN_DOMAINS:
        return False
    if node.op_type == "LRN":  # 1 by default
        return any(item.name == "bias" and not float(item.f).is_integer() for item in node.attribute)
    if node.op_type == "Softmax":  # -1 is the last axis, which is the same either way
        return opset in MISREAD_OPSETS and stated_axis(node) != -1
    return node.op_type == "TopK"


def _refuse_within_bodies(parsed: ModelProto, path: Path) -> None:
    for node, opset in nodes_in_bodies(parsed):
        if _is_misread(node, opset):
            title = node_title(node.name, node.output)
            raise _wrong(
                f"{node.op_type} {title!r}",
                path,
                "it stands in a branch, a loop or a function, where ctk mends nothing",
            )


def _refuse_misread_numbers(parsed: ModelProto, path: Path) -> None:
    """ONNX may keep bits in ``int32_data``, and of some types the reader converts them as whole numbers."""
    from onnx import load_model

    if not any(tensor.data_type in MISREAD_IN_WORDS for tensor in every_tensor(parsed)):
        return
    # The numbers of large tensors were dropped from what was parsed.
    for tensor in every_tensor(load_model(path, load_external_data=False)):
        if is_misread_number(tensor):
            why = "it takes the bits of the numbers in the field int32_data for whole numbers, not those in raw_data"
            raise _wrong(f"the numbers of {tensor.name!r}", path, why)


def _flatten(op: Any, node: NodeProto, mending: _Mending) -> None:
    flatten_from_axis(op, stated_axis(node), mending.taken)


def _make_stable(op: Any, _node: NodeProto, _mending: _Mending) -> None:
    """Of equal values ONNX wants the one of the lowest index, and so does Caffe's ArgMax; the reader forgets it."""
    facts = op.get_attributes()
    stable = openvino_module().opset13.topk(
        *op.input_values(), facts["axis"], facts["mode"], "value", facts["index_element_type"], True
    )
    stable.set_friendly_name(op.get_friendly_name())
    for old, new in zip(op.outputs(), stable.outputs(), strict=True):
        replace_output(old, new)


def _give_bias(op: Any, _node: NodeProto, mending: _Mending) -> None:
    """The CPU plugin keeps the bias k of LRN as a whole number.

    x / (k + a·s)^b = x / (1 + a/k·s)^b · k^-b takes it out of the operation.
    """
    facts = op.get_attributes()
    bias, beta, name = facts["bias"], facts["beta"], op.get_friendly_name()
    if bias < 0:
        raise _wrong(f"the bias {bias} of LRN {name!r}", mending.path, "it keeps a whole number only")
    opset, output = openvino_module().opset13, op.output(0)
    whole = opset.lrn(*op.input_values(), facts["alpha"] / bias, beta, 1.0, facts["size"])
    whole.set_friendly_name(unique_name(f"{name}/normalised", mending.taken))
    factor = opset.constant(np.asarray([bias**-beta]), output.get_element_type())
    factor.set_friendly_name(unique_name(f"{name}.bias_power", mending.taken))
    scaled = opset.multiply(whole, factor)
    scaled.set_friendly_name(name)
    replace_output(output, scaled.output(0))


_REPAIRS = {"LRN": _give_bias, "TopK": _make_stable, "Softmax": _flatten}


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
