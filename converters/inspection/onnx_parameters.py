"""Which numbers of an ONNX graph are parameters; told apart with the ledger of the conversion, if there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from converters.inspection.document import ParameterTotals, ToldApart
from converters.inspection.onnx_reading import initializer_names
from converters.inspection.parameter_totals import Counted, totals
from toolkit.ledger import LayerEntry, LedgerDocument, ParameterEntry

if TYPE_CHECKING:
    from onnx import GraphProto, TensorProto

_REATTACHED = frozenset({"coefficients", "attached"})
_FILLED = frozenset({"filler", "random-filler"})


@dataclass(frozen=True, slots=True)
class OnnxParameters:
    """Parameters of a graph.

    Attributes:
        totals: The sums.
        elements: By value name, those that count as parameters.
        remark: Why the ledger was not used although there is one.
    """

    totals: ParameterTotals
    elements: Mapping[str, int]
    remark: str | None = None


def parameters_of(graph: GraphProto, ledger: LedgerDocument | None) -> OnnxParameters:
    """Counts initializers and Constant nodes.

    Without a ledger those of 64-bit integers, booleans and strings count as constants (shapes, axes, switches), and
    so do single numbers without an axis; every other one is a parameter.

    Args:
        graph: The graph.
        ledger: What became of every parameter of the source.
    """
    sizes = _sizes(graph)
    if ledger is not None:
        owners = _owners(ledger)
        if all(sizes.get(name) == entry.elements for name, (_, entry) in owners.items()):
            return _by_ledger(sizes, ledger, owners)
    remark = (
        ledger and "the graph was changed after the conversion: its parameters are no longer the ledger's"
    )
    plain = _plain(graph)
    elements = {name: size for name, size in sizes.items() if name in plain}
    counted = [Counted(name, size, None) for name, size in elements.items()]
    constants = sum(sizes.values()) - sum(elements.values())
    return OnnxParameters(totals(counted, constants=constants), elements, remark or None)


def reattached_layers(ledger: LedgerDocument) -> list[LayerEntry]:
    """Layers whose numbers were put back by the conversion."""
    return [entry for entry in ledger.layers if any(item.origin in _REATTACHED for item in entry.parameters)]


def _by_ledger(
    sizes: Mapping[str, int], ledger: LedgerDocument, owners: Mapping[str, tuple[LayerEntry, ParameterEntry]]
) -> OnnxParameters:
    counted = [Counted(layer.layer, item.elements, _group(layer, item)) for layer, item in owners.values()]
    counted += [
        Counted(layer.layer, item.elements, _group(layer, item))
        for layer in ledger.layers
        for item in layer.parameters
        if item.initializer is None and item.origin != "shared"
    ]
    elements = {name: sizes[name] for name in owners}
    constants = sum(sizes.values()) - sum(elements.values())
    return OnnxParameters(totals(counted, constants=constants), elements)


def _owners(ledger: LedgerDocument) -> dict[str, tuple[LayerEntry, ParameterEntry]]:
    """The ledger's entry of every initializer; of a shared one the layer that owns it."""
    found: dict[str, tuple[LayerEntry, ParameterEntry]] = {}
    for layer in ledger.layers:
        for item in layer.parameters:
            if item.initializer is not None:
                found.setdefault(item.initializer, (layer, item))
    return found


def _group(layer: LayerEntry, item: ParameterEntry) -> ToldApart | None:
    if (layer.type, item.role) == ("BatchNorm", "factor"):
        return "batch_norm_factors"
    if item.origin in _REATTACHED:
        return "reattached"
    if item.origin in _FILLED:
        return "filler"
    return "folded" if item.initializer is None else None


def _named(graph: GraphProto) -> dict[str, TensorProto]:
    """Constants of the graph by the value that holds them."""
    found = {item.name: item for item in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            found.update((node.output[0], item.t) for item in node.attribute if item.name == "value")
    return found


def _sizes(graph: GraphProto) -> dict[str, int]:
    sizes = {name: prod(tensor.dims) for name, tensor in _named(graph).items()}
    return sizes | {item.values.name: prod(item.values.dims) for item in graph.sparse_initializer}


def _plain(graph: GraphProto) -> set[str]:
    from onnx import TensorProto

    others = {TensorProto.INT64, TensorProto.UINT64, TensorProto.BOOL, TensorProto.STRING}
    named = _named(graph)
    plain = {name for name, tensor in named.items() if tensor.data_type not in others and tensor.dims}
    return plain | (initializer_names(graph) - set(named))
