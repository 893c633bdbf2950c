"""Which numbers of a graph are parameters; told apart with the ledger of the conversion, if there is one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from converters.inspection.document import ParameterTotals, ToldApart
from converters.inspection.parameter_totals import Counted, totals
from toolkit.ledger import LayerEntry, LedgerDocument, ParameterEntry

_REATTACHED = frozenset({"coefficients", "attached"})
_FILLED = frozenset({"filler", "random-filler"})


@dataclass(frozen=True, slots=True)
class GraphParameters:
    """Parameters of a graph.

    Attributes:
        totals: The sums.
        elements: By value name, those that count as parameters.
        remark: Why the ledger was not used although there is one.
    """

    totals: ParameterTotals
    elements: Mapping[str, int]
    remark: str | None = None


def parameters_of(
    sizes: Mapping[str, int], plain: Collection[str], ledger: LedgerDocument | None
) -> GraphParameters:
    """Counts the constants of a graph.

    Args:
        sizes: Number of elements by name.
        plain: Names of those that are parameters where no ledger tells them apart.
        ledger: What became of every parameter of the source.
    """
    if ledger is not None:
        owners = _owners(ledger)
        if all(sizes.get(name) == entry.elements for name, (_, entry) in owners.items()):
            return _by_ledger(sizes, ledger, owners)
    remark = (
        ledger and "the graph was changed after the conversion: its parameters are no longer the ledger's"
    )
    elements = {name: size for name, size in sizes.items() if name in plain}
    counted = [Counted(name, size, None) for name, size in elements.items()]
    constants = sum(sizes.values()) - sum(elements.values())
    return GraphParameters(totals(counted, constants=constants), elements, remark or None)


def reattached_layers(ledger: LedgerDocument) -> list[LayerEntry]:
    """Layers whose numbers were put back by the conversion."""
    return [entry for entry in ledger.layers if any(item.origin in _REATTACHED for item in entry.parameters)]


def _by_ledger(
    sizes: Mapping[str, int], ledger: LedgerDocument, owners: Mapping[str, tuple[LayerEntry, ParameterEntry]]
) -> GraphParameters:
    counted = [Counted(layer.layer, item.elements, _group(layer, item)) for layer, item in owners.values()]
    counted += [
        Counted(layer.layer, item.elements, _group(layer, item))
        for layer in ledger.layers
        for item in layer.parameters
        if item.initializer is None and item.origin != "shared"
    ]
    elements = {name: sizes[name] for name in owners}
    constants = sum(sizes.values()) - sum(elements.values())
    return GraphParameters(totals(counted, constants=constants), elements)


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
