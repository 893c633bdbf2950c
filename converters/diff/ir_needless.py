"""Nodes that OpenVINO leaves out: those that depend on no input, and those that no output depends on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from converters.diff.comparable import Comparable, Part
from converters.inspection.given_files import shown


def without_needless(other: Comparable, kept: Collection[str]) -> tuple[Comparable, list[str]]:
    """The model without such nodes.

    Args:
        other: A model beside an IR.
        kept: Names of nodes that the IR has nevertheless.

    Returns:
        The model, and a remark that names what was left out because no output depends on it.
    """
    parts = other.parts
    if parts is None:
        return other, []
    constant = _constant(parts) - set(kept)
    unread = {part.name for part in parts} - _needed(parts, {tensor.name for tensor in other.outputs})
    unread -= {*kept, *constant}
    gone = constant | unread
    left = [
        replace(part, sources=tuple(s for s in part.sources if s.kind != "part" or s.name not in constant))
        for part in parts
        if part.name not in gone
    ]
    held = {s.name for part in left for s in part.sources if s.kind == "weight"}
    held_before = {s.name for part in parts for s in part.sources if s.kind == "weight"}
    lost = held_before - held - {s.name for p in parts if p.name in constant for s in p.sources}
    weights = [weight for weight in other.weights if weight.name not in lost]
    names = ", ".join(shown(part.name) for part in parts if part.name in unread)
    remarks = [f"OpenVINO leaves out nodes that no output depends on: {names}"] if names else []
    return replace(other, parts=left, weights=weights), remarks


def _constant(parts: Sequence[Part]) -> set[str]:
    """Nodes that depend on weights alone, in the order of execution."""
    found: set[str] = set()
    for part in parts:
        read = [source for source in part.sources if source.kind != "nothing"]
        if read and all(s.kind == "weight" or (s.kind == "part" and s.name in found) for s in read):
            found.add(part.name)
    return found


def _needed(parts: Sequence[Part], outputs: Collection[str]) -> set[str]:
    needed: set[str] = set()
    for part in reversed(parts):
        if part.name in needed or not set(outputs).isdisjoint(part.tops):
            needed.add(part.name)
            needed |= {source.name for source in part.sources if source.kind == "part"}
    return needed
