"""What an attribution says, in a few words."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.blame.attribution import Attribution
from benchmarks.blame.side import Side
from benchmarks.parity_document import Part

NOTABLE = 0.1
"""Interactions are told above this fraction of the whole error (benchmark_method.md §12.10)."""
SEEN = 1.0
"""A mean ΔE2000 below this is hardly seen by anybody."""
_MOST_OF_IT = 0.5


def conclusion(found: Attribution, reference: Side, candidate: Side) -> str:
    """A sentence or a few about whose fault the error is."""
    if not found.shares:
        return "The two sides do not differ in any part."
    if found.total == 0:
        return _nothing(found)
    ordered = sorted(found.shares, key=lambda part: -found.shares[part])
    shares = ", ".join(f"{part} {_percent(found.shares[part] / found.total)}" for part in ordered)
    seen = "" if found.total >= SEEN else ", which is hardly seen"
    return " ".join(
        [
            f"The final pictures differ by {found.total:.3g} ΔE2000 on average{seen}: {shares}.",
            _verdict(found, ordered[0], reference, candidate),
            *(_pair(one, other, share) for (one, other), share in notable(found).items()),
        ]
    )


def notable(found: Attribution) -> Mapping[tuple[Part, Part], float]:
    """Interactions as fractions of the whole error, where above `NOTABLE` in size."""
    if found.total == 0:
        return {}
    fractions = {pair: value / found.total for pair, value in found.interactions.items()}
    return {pair: fraction for pair, fraction in fractions.items() if abs(fraction) > NOTABLE}


def _nothing(found: Attribution) -> str:
    alone = [part for part in found.alone if found.alone[part] > 0]
    if not alone:
        return "The final pictures are equal, and so they stay whichever part is swapped."
    return f"The final pictures are equal, but only because differences cancel out: {', '.join(alone)}."


def _verdict(found: Attribution, first: Part, reference: Side, candidate: Side) -> str:
    if found.shares[first] / found.total <= _MOST_OF_IT:
        return "No part explains more than half of it."
    mine, theirs = candidate.what(first), reference.what(first)
    instead = f" ({mine} instead of {theirs})" if mine != theirs else ""
    left = found.without[first]
    return f"Mostly {first}{instead}: with the reference's it would be {left:.3g}."


def _pair(one: Part, other: Part, share: float) -> str:
    more = "more" if share > 0 else "less"
    return f"{one} and {other} together make {_percent(abs(share))} {more} than one by one."


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.0f} %"
