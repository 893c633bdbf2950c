"""Adds parameters up by kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from converters.inspection.document import MissingParameter, ParameterGroup, ParameterTotals, ToldApart

_ORDER: tuple[ToldApart, ...] = ("batch_norm_factors", "reattached", "filler", "folded")


@dataclass(frozen=True, slots=True)
class Counted:
    """Numbers of one layer, and the group they are told apart in (None: a parameter of the network)."""

    layer: str
    elements: int
    group: ToldApart | None


def totals(
    counted: Iterable[Counted], *, constants: int = 0, missing: Sequence[MissingParameter] = ()
) -> ParameterTotals:
    """The sums; groups in a fixed order, without empty ones."""
    items = list(counted)
    groups = []
    for kind in _ORDER:
        members = [item for item in items if item.group == kind]
        if members:
            groups.append(
                ParameterGroup(
                    kind=kind,
                    elements=sum(item.elements for item in members),
                    layers=list(dict.fromkeys(item.layer for item in members)),
                )
            )
    return ParameterTotals(
        count=sum(item.elements for item in items if item.group is None),
        told_apart=groups,
        total=sum(item.elements for item in items),
        constants=constants,
        missing=list(missing),
        missing_elements=sum(item.elements for item in missing),
    )
