"""Intervals of ratios, and where they lie against a margin.

A margin of 3 % stands for the range from 1/1.03 to 1.03. It is symmetric in the logarithm, so that exchanging the
two arms of a comparison exchanges the verdicts; its lower end is nearer to 1 than 0.97 is.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TypeAlias

Interval: TypeAlias = tuple[float, float]

CONFIDENCE = 0.95


def inside(interval: Interval, margin: float) -> bool:
    """Whether every ratio of the interval is smaller than the margin either way."""
    return 1 / (1 + margin) < interval[0] and interval[1] < 1 + margin


def half_width(interval: Interval) -> float:
    """Half of the width of an interval of ratios or of durations, as a fraction of its middle.

    In logarithms the middle is the estimate: the result is ``sqrt(high / low) - 1``.
    """
    return sqrt(interval[1] / interval[0]) - 1


def from_logarithms(middle: float, half: float) -> Interval:
    """The interval whose logarithms are `middle` less and plus `half`."""
    return exp(middle - half), exp(middle + half)


def reach(interval: Interval) -> float:
    """How far from 1 an interval of ratios gets: the largest absolute logarithm in it."""
    return max(abs(log(interval[0])), abs(log(interval[1])))
