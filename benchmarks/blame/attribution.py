"""Shares of an error by part, from its size in every combination of parts (pure arithmetic).

Let v(S) be the error when the parts in S are the candidate's and all others the reference's. A part's share is
its Shapley value: v(S with it) - v(S without it), averaged over all orders in which the parts can be swapped
(Shapley 1953). The shares add up to the whole error, whatever the order; one may be negative (the part hides
what another one does wrong) or exceed the whole.

What two parts do together beyond what each does alone is the Shapley interaction index (Grabisch, Roubens
1999): v(S with both) - v(S with one) - v(S with the other) + v(S), averaged likewise over the sets of other parts. Errors
that have nothing to do with each other add like the sides of a right angle, so theirs is negative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import TypeAlias

from benchmarks.parity_document import Part

Combination: TypeAlias = frozenset[Part]
Errors: TypeAlias = Mapping[Combination, float]


@dataclass(frozen=True, slots=True)
class Attribution:
    """How an error divides into the parts that differ; all in the unit of the error.

    Attributes:
        total: With all parts swapped: the candidate itself.
        shares: Shapley values; their sum is `total`.
        alone: With this part swapped alone.
        without: With all parts swapped but this one.
        interactions: Shapley interaction index of each pair.
    """

    total: float
    shares: Mapping[Part, float]
    alone: Mapping[Part, float]
    without: Mapping[Part, float]
    interactions: Mapping[tuple[Part, Part], float]


def every_combination(parts: Sequence[Part]) -> Iterator[Combination]:
    """All sets of parts, from none to all."""
    for size in range(len(parts) + 1):
        yield from map(frozenset, combinations(parts, size))


def attribute(parts: Sequence[Part], errors: Errors) -> Attribution:
    """Divides an error into parts.

    Args:
        parts: Those that differ; may be none.
        errors: Of `every_combination` of them; 0 for none.
    """
    everything = frozenset(parts)
    return Attribution(
        total=errors[everything],
        shares={part: _shapley(part, everything, errors) for part in parts},
        alone={part: errors[frozenset({part})] for part in parts},
        without={part: errors[everything - {part}] for part in parts},
        interactions={(i, j): _together(i, j, everything, errors) for i, j in combinations(parts, 2)},
    )


def _shapley(part: Part, everything: Combination, errors: Errors) -> float:
    others = everything - {part}
    return sum(
        weight * (errors[chosen | {part}] - errors[chosen]) for chosen, weight in _weighted_subsets(others)
    )


def _together(one: Part, other: Part, everything: Combination, errors: Errors) -> float:
    return sum(
        weight
        * (errors[chosen | {one, other}] - errors[chosen | {one}] - errors[chosen | {other}] + errors[chosen])
        for chosen, weight in _weighted_subsets(everything - {one, other})
    )


def _weighted_subsets(parts: Combination) -> Iterator[tuple[Combination, float]]:
    """Each subset with |S|! (n - |S|)! / (n + 1)!, n the number of parts; the weights add up to 1."""
    count = len(parts)
    for chosen in every_combination(sorted(parts)):
        size = len(chosen)
        yield chosen, factorial(size) * factorial(count - size) / factorial(count + 1)
