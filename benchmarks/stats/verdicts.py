"""What an interval lets one say about two arms, and about a control (benchmark_method.md §2).

Every verdict needs launches to have an interval over, and the same verdict from the cross-check where there is
one; else it is ``inconclusive``. Margins are those of `intervals.inside`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log1p
from typing import Literal, TypeAlias

from benchmarks.stats.intervals import Interval, inside
from benchmarks.stats.launches_needed import launches_needed
from benchmarks.stats.paired import Ratio

ComparisonVerdict: TypeAlias = Literal["faster", "slower", "same", "inconclusive"]
ControlVerdict: TypeAlias = Literal["same", "inconclusive"]


@dataclass(frozen=True, slots=True)
class ComparisonJudgement:
    """What is said about the second arm.

    Attributes:
        verdict: What the interval and its cross-check say together.
        launches_needed: About how many launches would decide, where it is inconclusive and any number would.
    """

    verdict: ComparisonVerdict
    launches_needed: int | None = None


def judge_comparison(found: Ratio, margin: float) -> ComparisonJudgement:
    """Describes the second arm beside the first; it gates nothing.

    ``same``: the whole interval is inside the margin, whether or not it holds 1: a difference that is real but
    smaller than the margin is none worth a word. ``faster`` and ``slower``: the whole interval is on one side of 1,
    and not all of it inside the margin. They state the direction, not that the difference exceeds the margin; the
    interval says how large it may be. Anything else is ``inconclusive``, also a ratio that moves within launches so far
    that it may settle elsewhere.

    Args:
        found: The comparison.
        margin: Smallest fraction that counts as a change, such as 0.03.
    """
    if found.ci95 is None or found.steady_ci95 is None:
        return ComparisonJudgement("inconclusive")
    verdict = _side(found.ci95, margin)
    if verdict == "inconclusive" or (
        found.cross_check is not None and _side(found.cross_check, margin) != verdict
    ):
        return ComparisonJudgement("inconclusive", _needed(found, margin))
    # More launches would not help against a ratio that moves.
    return ComparisonJudgement(verdict if _side(found.steady_ci95, margin) == verdict else "inconclusive")


def _side(interval: Interval, margin: float) -> ComparisonVerdict:
    if inside(interval, margin):
        return "same"
    if interval[0] > 1:
        return "slower"
    return "faster" if interval[1] < 1 else "inconclusive"


def _needed(found: Ratio, margin: float) -> int | None:
    """Either the interval must leave 1 out, or fit into the margin: what comes first decides."""
    assert found.half_width is not None
    away = abs(log(found.ratio))
    return launches_needed(found.n_launches, found.half_width, max(away, log1p(margin) - away))


def judge_control(control: Interval | None, margin: float) -> ControlVerdict:
    """Whether this host resolves the margin.

    Args:
        control: Interval of an arm against itself; None for a single launch.
        margin: Smallest fraction that counts as a change.

    Returns:
        ``same`` when the whole interval is inside the margin.
    """
    return "same" if control is not None and inside(control, margin) else "inconclusive"
