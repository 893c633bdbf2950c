"""What the inspections of ONNX and of OpenVINO IR have in common: a row for each node, and the sums over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from converters.inspection import receptive_field as rf
from converters.inspection.document import ComputeTotals, LayerFacts, OutputFacts
from toolkit.artifact import GraphTensor
from toolkit.ledger import LayerEntry


@dataclass(frozen=True, slots=True)
class GraphRow:
    """One node with everything that was found out about it.

    Attributes:
        name: Its name, or that of its first output.
        type: Operator, with its domain where that is not the format's own.
        outputs: What it makes.
        held: Names of constants that it reads.
        macs: None when a size is not known.
        field: Of its first output.
    """

    name: str
    type: str
    outputs: list[GraphTensor]
    held: Sequence[str]
    macs: int | None
    field: rf.ValueField


def times(count: int | None, weight: Sequence[int] | None, skip: int) -> int | None:
    """Products of ``count`` numbers with a weight whose first ``skip`` axes do not multiply; None if unknown."""
    return None if count is None or weight is None else count * prod(weight[skip:])


def output_facts(tensor: GraphTensor, field: rf.ValueField) -> OutputFacts:
    """An output for the document."""
    return OutputFacts(
        **tensor.model_dump(), output_stride=rf.strides(field), receptive_field_px=rf.sizes_px(field)
    )


def layer_facts(rows: Sequence[GraphRow], elements: Mapping[str, int]) -> list[LayerFacts]:
    """Rows for the document.

    Args:
        rows: In the order of execution.
        elements: Parameters by name; each counts where it first occurs.
    """
    left = dict(elements)
    return [
        LayerFacts(
            name=row.name,
            type=row.type,
            outputs=row.outputs,
            parameters=sum(left.pop(name, 0) for name in row.held),
            macs=row.macs,
            receptive_field_px=rf.sizes_px(row.field),
        )
        for row in rows
    ]


def compute_totals(
    rows: Sequence[GraphRow],
    put_back: Sequence[LayerEntry],
    *,
    batch: Sequence[str],
    uncounted: frozenset[str],
) -> ComputeTotals:
    """The sums.

    Args:
        rows: All nodes.
        put_back: Layers of the ledger whose numbers the conversion put back.
        batch: Names of dynamic sizes for which 1 was put in.
        uncounted: Operators that multiply in a form that is not counted.
    """
    operators = [row.type.rpartition(":")[2] for row in rows]
    # What OpenVINO splits a node into bears other names, but reads the same numbers.
    theirs = {name for entry in put_back for name in entry.nodes}
    theirs |= {item.initializer for entry in put_back for item in entry.parameters if item.initializer}
    macs = _sum([row.macs for row in rows])
    return ComputeTotals(
        macs=macs,
        gmac=None if macs is None else macs / 1e9,
        macs_without_reattached=_sum([row.macs for row in rows if theirs.isdisjoint((row.name, *row.held))]),
        reattached_layers=[entry.layer for entry in put_back],
        with_sizes=dict.fromkeys(sorted(batch), 1),
        uncounted=dict(Counter(op for op in operators if op in uncounted)),
    )


def open_sizes(rows: Sequence[GraphRow]) -> list[str]:
    """A remark where sizes leave the multiply-accumulates open."""
    count = sum(row.macs is None for row in rows)
    return [f"the multiply-accumulates are not known: sizes of {count} nodes are open"] if count else []


def _sum(macs: Sequence[int | None]) -> int | None:
    known = [count for count in macs if count is not None]
    return sum(known) if len(known) == len(macs) else None
