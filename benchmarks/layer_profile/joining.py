"""The runtime's counters joined to the layers of the Caffe network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.bench_document import LayerTime
from toolkit.backends.profiling import CountedLayer
from toolkit.ledger import LedgerDocument

_INPUT = "input:"  # how the account of a conversion marks what is no node


@dataclass(frozen=True, slots=True)
class Joined:
    """Times of layers.

    Attributes:
        layers: In the order of execution. A kernel that executes several Caffe layers lists them all; one that the
            runtime added itself, such as a change of layout, lists none.
        sum_ms: Of all of them.
        uncounted: Caffe layers that no kernel lists: they cost nothing, or the runtime does not say where.
    """

    layers: tuple[LayerTime, ...]
    sum_ms: float
    uncounted: tuple[str, ...]


def join_layers(counted: Sequence[CountedLayer], ledger: LedgerDocument | None) -> Joined:
    """Joins counters to Caffe layers.

    Args:
        counted: What the runtime counted.
        ledger: The account of the artifact's conversion, which says what node was made for which layer. Without
            it the artifact's nodes stand for the layers.
    """
    layer_of = _layers_by_node(ledger)
    whole = sum(one.mean_ms for one in counted)
    layers = tuple(
        LayerTime(
            name=one.name,
            caffe_layers=_caffe_layers(one.nodes, layer_of),
            kind=one.kind,
            precision=one.precision,
            mean_ms=one.mean_ms,
            share=one.mean_ms / whole if whole > 0 else 0.0,
        )
        for one in counted
    )
    listed = {name for layer in layers for name in layer.caffe_layers}
    return Joined(
        layers, whole, tuple(name for name in dict.fromkeys(layer_of.values()) if name not in listed)
    )


def _layers_by_node(ledger: LedgerDocument | None) -> Mapping[str, str]:
    if ledger is None:
        return {}
    return {
        node: entry.layer for entry in ledger.layers for node in entry.nodes if not node.startswith(_INPUT)
    }


def _caffe_layers(nodes: Sequence[str], layer_of: Mapping[str, str]) -> list[str]:
    if not layer_of:
        return list(nodes)
    return list(dict.fromkeys(layer_of[node] for node in nodes if node in layer_of))
