"""The account of a conversion: what became of every source layer and every parameter (DESIGN §5).

Other converters lose layers without a word; here a layer or a number that is neither converted, folded nor
dropped with a reason is an error of ctk itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from toolkit.errors import InternalFault
from toolkit.ledger import LayerEntry, LedgerDocument, ParameterEntry


class LeftOutLayer(Protocol):
    """A source layer that was never given to a `Ledger`: its place among the others, and why."""

    @property
    def index(self) -> int:
        """Place in the order of the account."""

    @property
    def name(self) -> str:
        """Layer name."""

    @property
    def type(self) -> str:
        """Layer type."""

    @property
    def reason(self) -> str:
        """Why it was left out."""


def with_left_out(
    account: LedgerDocument, places: Sequence[int], left_out: Sequence[LeftOutLayer]
) -> LedgerDocument:
    """The account with the layers that were left out before anything was emitted, as dropped.

    Args:
        account: The closed account of what was emitted.
        places: The place of each of its layers.
        left_out: The other layers; their parameters are not counted.
    """
    placed = list(zip(places, account.layers, strict=True))
    placed += [
        (i.index, LayerEntry(layer=i.name, type=i.type, fate="dropped", reason=i.reason)) for i in left_out
    ]
    return account.model_copy(
        update={
            "layers": [entry for _, entry in sorted(placed, key=lambda pair: pair[0])],
            "layers_total": len(placed),
            "layers_dropped": account.layers_dropped + len(left_out),
        }
    )


class Ledger:
    """Collects entries while a network is emitted, then proves that nothing is missing."""

    def __init__(self) -> None:
        self._entries: dict[int, LayerEntry] = {}
        self._parameters: dict[tuple[int, int], ParameterEntry] = {}

    def node(self, index: int, layer: str, kind: str, node: str) -> None:
        """Notes that a node was made for a layer."""
        self._entry(index, layer, kind, "converted").nodes.append(node)

    def drop(self, index: int, layer: str, kind: str, reason: str) -> None:
        """Notes that a layer was left out on purpose."""
        self._entry(index, layer, kind, "dropped").reason = reason

    def parameter(self, index: int, blob: int, entry: ParameterEntry) -> None:
        """Notes what became of one blob of a layer."""
        self._parameters[index, blob] = entry

    def _entry(self, index: int, layer: str, kind: str, fate: Literal["converted", "dropped"]) -> LayerEntry:
        return self._entries.setdefault(index, LayerEntry(layer=layer, type=kind, fate=fate))

    def close(self, layers: Iterable[tuple[int, str, str, list[int]]]) -> LedgerDocument:
        """Checks that the account is complete, and returns it.

        Args:
            layers: Every source layer: index, name, type, and the number of elements of each of its blobs.

        Raises:
            InternalFault: CTK701 when a layer or parameter is unaccounted for, or elements are lost.
        """
        entries = []
        given = 0
        for index, name, kind, sizes in layers:
            entry = self._entries.get(index)
            if entry is None:
                raise InternalFault(
                    "CTK701", f"the ledger has no entry for layer {name!r} of type {kind}; it was lost"
                )
            for blob, size in enumerate(sizes):
                found = self._parameters.get((index, blob))
                if found is None or found.elements != size:
                    raise InternalFault(
                        "CTK701", f"the ledger lost parameter {blob} of layer {name!r} ({size} elements)"
                    )
                entry.parameters.append(found)
                given += size
            entries.append(entry)
        return self._total(entries, given)

    @staticmethod
    def _total(entries: list[LayerEntry], given: int) -> LedgerDocument:
        parameters = [parameter for entry in entries for parameter in entry.parameters]
        converted = sum(p.elements for p in parameters if p.initializer is not None)
        folded = sum(p.elements for p in parameters if p.initializer is None)
        if converted + folded != given:
            raise InternalFault(
                "CTK701", f"the ledger does not balance: {given} elements in, {converted} + {folded} out"
            )
        count = {
            fate: sum(entry.fate == fate for entry in entries) for fate in ("converted", "folded", "dropped")
        }
        return LedgerDocument(
            layers=entries,
            layers_total=len(entries),
            layers_converted=count["converted"],
            layers_folded=count["folded"],
            layers_dropped=count["dropped"],
            elements_total=given,
            elements_converted=converted,
            elements_folded=folded,
        )
