"""What is changed in a network on its way from ONNX to IR: where it ends, the mean of L, the sizes of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from converters.caffe.wiring import unique_name
from converters.openvino.naming import friendly_names, values_by_name
from converters.openvino.reading import openvino_module, reason
from toolkit.errors import BadInput, Where
from toolkit.nearest import did_you_mean

DYNAMIC = -1


def ended_at(model: Any, blobs: Sequence[str], where: Where) -> Any:
    """The part of a model that computes some of its blobs; inputs that it does not read are left out.

    Args:
        model: ``openvino.Model``.
        blobs: Names of tensors, which become the outputs in this order.
        where: The source file.

    Raises:
        BadInput: CTK516 when there is no such tensor.
    """
    openvino = openvino_module()
    known = values_by_name(model)
    for blob in blobs:
        if blob not in known:
            raise BadInput("CTK516", f"the ONNX file has no blob {blob!r}", where, did_you_mean(blob, known))
    results = []
    for blob in blobs:
        result = openvino.opset13.result(known[blob])
        result.set_friendly_name(f"{blob}/sink_port_0")
        results.append(result)
    read = _behind(results)
    inputs = [parameter for parameter in model.get_parameters() if parameter.get_name() in read]
    return openvino.Model(results, inputs, model.get_friendly_name())


def _behind(ends: Sequence[Any]) -> set[str]:
    """``get_name()`` of everything that the ends depend on."""
    seen: set[str] = set()
    waiting = list(ends)
    while waiting:
        op = waiting.pop()
        if op.get_name() not in seen:
            seen.add(op.get_name())
            waiting += [value.get_node() for value in op.input_values()]
    return seen


def with_mean_subtracted(model: Any, name: str, mean: float, where: Where) -> None:
    """Puts a Subtract behind an input; everything that read the input reads its result.

    Args:
        model: ``openvino.Model``, changed in place.
        name: Tensor name of the input, whose element type is float32.
        mean: What is subtracted.
        where: The source file.

    Raises:
        BadInput: CTK516 when there is no such input, CTK508 when it is not float32.
    """
    openvino = openvino_module()
    found = next((p for p in model.get_parameters() if name in p.output(0).get_names()), None)
    if found is None:
        what = f"--mean inside: the network has no input {name!r}, so its mean is not known"
        raise BadInput("CTK516", what, where)
    if found.get_element_type() != openvino.Type.f32:
        raise BadInput("CTK508", f"--mean inside: the input {name!r} is not float32", where)
    readers = list(found.output(0).get_target_inputs())  # before the subtraction is one of them
    constant = openvino.opset13.constant(np.asarray([mean], np.float32))
    taken = friendly_names(model)
    constant.set_friendly_name(unique_name(f"{name}.mean", taken))
    centred = openvino.opset13.subtract(found.output(0), constant)
    centred.set_friendly_name(unique_name("mean", taken))
    for reader in readers:
        reader.replace_source_output(centred.output(0))
    centred.output(0).set_names({unique_name(f"{name}@mean", set(values_by_name(model)))})


def with_sizes(
    model: Any, shapes: Mapping[str, Sequence[int]], batch: int | Literal["dynamic"] | None, where: Where
) -> None:
    """Gives inputs other sizes.

    An ONNX file may have the sizes of its inputs written into its graph. What contradicts the new ones is
    refused, and so is an output whose batch does not follow that of the inputs.

    Args:
        model: ``openvino.Model``, changed in place.
        shapes: Sizes by input, -1 for a dynamic one.
        batch: Size of axis 0 of every input, ``dynamic``, or None for the file's.
        where: The source file.

    Raises:
        BadInput: CTK516 when an input is unknown, CTK508 when sizes do not fit.
    """
    if not shapes and batch is None:
        return
    inputs = {name: value for value in model.inputs for name in value.get_names()}
    for name in shapes:
        if name not in inputs:
            raise BadInput("CTK516", f"no input is called {name!r}", where, did_you_mean(name, inputs))
    before = [_first(value) for value in (*model.inputs, *model.outputs)]
    try:
        model.reshape({value: _wanted(value, shapes, batch, where) for value in model.inputs})
        model.validate_nodes_and_infer_types()
    except RuntimeError as error:
        raise BadInput("CTK508", f"the network does not take these sizes: {reason(error)}", where) from error
    after = [_first(value) for value in (*model.inputs, *model.outputs)]
    _refuse_stuck_batch(before, after, len(model.inputs), where)


def _wanted(
    value: Any, shapes: Mapping[str, Sequence[int]], batch: int | Literal["dynamic"] | None, where: Where
) -> Any:
    openvino = openvino_module()
    old = value.get_partial_shape()
    given = next((shapes[name] for name in value.get_names() if name in shapes), None)
    if given is not None and old.rank.is_static and len(given) != old.rank.get_length():
        name = min(value.get_names())
        what = f"input {name!r} has {old.rank.get_length()} axes, {len(given)} sizes were given"
        raise BadInput("CTK508", what, where)
    if given is None and old.rank.is_dynamic:
        return old
    sizes = list(old) if given is None else [openvino.Dimension(size) for size in given]
    if batch is not None and sizes:
        sizes[0] = openvino.Dimension(DYNAMIC if batch == "dynamic" else batch)
    return openvino.PartialShape(sizes)


def _first(value: Any) -> int | None:
    """Size of axis 0; None for one that is dynamic or not there."""
    shape = value.get_partial_shape()
    if shape.rank.is_dynamic or not shape.rank.get_length() or shape[0].is_dynamic:
        return None
    return int(shape[0].get_length())


def _refuse_stuck_batch(
    before: Sequence[int | None], after: Sequence[int | None], inputs: int, where: Where
) -> None:
    """Where all inputs had one batch and get another one, outputs of the old batch must get it too."""
    old, new = set(before[:inputs]), set(after[:inputs])
    if len(old) != 1 or len(new) != 1 or old == new or None in old:
        return
    for was, now in zip(before[inputs:], after[inputs:], strict=True):
        if {was} == old and {now} != new:
            raise BadInput(
                "CTK508",
                "the network does not take this batch size: the old one is written into its graph",
                where,
                ["convert from Caffe with --batch instead"],
            )
