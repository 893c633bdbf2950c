"""The constants of an OpenVINO IR under the names that a model of another format has for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod

from converters.diff.comparable import Comparable, Load, Weight
from converters.diff.ir_batch_norm import split_norms
from converters.diff.ir_side import ir_weight
from converters.inspection.ir_provenance import ir_provenance
from converters.inspection.ir_weights import (
    IrWeight,
    Wanted,
    constants_behind,
    identified,
    parameters_wanted,
    weights_of,
)
from converters.openvino.ir_network import IrLayer
from converters.openvino.ir_reading import Ir

_INTEGERS = frozenset({"int64", "uint64", "int32", "bool"})


def paired_weights(
    ir: Ir, other: Comparable, layers: Mapping[str, IrLayer]
) -> tuple[list[Weight], list[Weight]]:
    """The weights of both, those that belong together under one name.

    Args:
        ir: The IR.
        other: The model beside it.
        layers: Layers of the IR by name of the node that they end.

    Returns:
        Those of the IR, and those of the other one.
    """
    weights = weights_of(ir)
    found = identified(ir.network, weights, _wanted(ir, other))
    theirs, norms = split_norms(ir, other, weights, found, layers)
    wanted = {weight.name: weight for weight in other.weights}
    ours = [
        replace(
            ir_weight(weights[number], name),
            key=wanted[name].key,
            load=_as_shaped(weights[number], wanted[name].dims),
        )
        for name, number in found.items()
    ]
    copies = _copies(ir, other, weights, found, layers)
    ours += [ir_weight(weights[number], name) for name, (number, _) in copies.items()]
    theirs += [replace(weight, name=name, key=None) for name, (_, weight) in copies.items()]
    claimed = {*found.values(), *norms.values(), *(number for number, _ in copies.values())}
    ours += [ir_weight(weights[number], name) for name, number in norms.items()]
    # OpenVINO makes constants of its own: sizes, axes, single numbers.
    ours += [
        replace(
            ir_weight(weight, f"{weight.name}#{number}" if weight.name in wanted else weight.name),
            is_constant=True,
        )
        for number, weight in weights.items()
        if number not in claimed
        and weight.constant.elements > 1
        and ir_weight(weight, "").dtype not in _INTEGERS
    ]
    named = {weight.name for weight in ours}
    # And it takes what others hold as constants for attributes, or needs none.
    return ours, [w for w in theirs if w.name in named or w.key is not None or not _is_minor(w)]


def _copies(
    ir: Ir,
    other: Comparable,
    weights: Mapping[int, IrWeight],
    found: Mapping[str, int],
    layers: Mapping[str, IrLayer],
) -> dict[str, tuple[int, Weight]]:
    """Of arrays that several nodes share, what OpenVINO has reshaped for each of them by itself."""
    arrays = {weight.name: weight for weight in other.weights}
    claimed = set(found.values())
    copies: dict[str, tuple[int, Weight]] = {}
    for part in other.parts or ():
        behind = constants_behind(ir.network, layers[part.name], weights) if part.name in layers else set()
        for source in part.sources:
            if source.kind != "weight" or found.get(source.name) in {None, *behind}:
                continue
            weight = arrays[source.name]
            fitting = [i for i in behind - claimed if weights[i].constant.elements == prod(weight.dims)]
            if len(fitting) == 1:
                claimed.add(fitting[0])
                copies[f"{weight.name} in {part.name}"] = (fitting[0], weight)
    return copies


def _is_minor(weight: Weight) -> bool:
    return weight.is_constant or weight.dtype in _INTEGERS or not weight.dims


def _as_shaped(weight: IrWeight, dims: tuple[int, ...]) -> Load | None:
    """Grouped weights have their groups on an axis of their own in an IR."""
    load, shape = weight.constant.load, weight.constant.shape
    if load is not None and len(shape) > 2 and (shape[0] * shape[1], *shape[2:]) == dims:
        return lambda: load().reshape(dims)
    return load


def _wanted(ir: Ir, other: Comparable) -> Iterable[Wanted]:
    facts, _ = ir_provenance(ir.network.rt_info)
    readers = {item.name: list(item.readers) for item in (parameters_wanted(facts.ledger) if facts else ())}
    for part in other.parts or ():
        for source in part.sources:
            if source.kind == "weight":
                readers.setdefault(source.name, []).append(part.name)
    for weight in other.weights:
        yield Wanted(weight.name, prod(weight.dims), tuple(readers.get(weight.name, ())))
