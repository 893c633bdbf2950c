"""The verdict of a gate: is the new arm slower than the old one by more than the margin (benchmark_method.md §2)."""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, log, log1p
from typing import Literal, TypeAlias

from benchmarks.stats.intervals import Interval, inside, reach
from benchmarks.stats.launches_needed import launches_needed
from benchmarks.stats.paired import Ratio, still_moving

GateVerdict: TypeAlias = Literal["pass", "regression", "inconclusive"]


@dataclass(frozen=True, slots=True)
class GateJudgement:
    """What a gate decided.

    Attributes:
        verdict: ``pass``, ``regression`` or ``inconclusive``.
        reason: One sentence without a full stop.
        launches_needed: About how many launches would decide, where it is inconclusive and any number would.
    """

    verdict: GateVerdict
    reason: str
    launches_needed: int | None = None


def judge_gate(found: Ratio, control: Interval | None, margin: float) -> GateJudgement:
    """Decides on a regression, in this order.

    1. Without an interval of the comparison or of the control, or with a control that is not inside the margin:
       ``inconclusive``. 2. Interval wholly above 1 + margin: ``regression``. 3. Wholly below: ``pass``. 4. Otherwise, or
       where the cross-check does not say the same as the interval, or where a ratio that moves within launches may
       settle on another side: ``inconclusive``.

    Args:
        found: Time of the new arm over that of the old one.
        control: Interval of an arm against itself in the same run; None where there was none.
        margin: The slowdown that is allowed, such as 0.03.
    """
    if found.ci95 is None:
        return GateJudgement("inconclusive", "a single launch gives figures, never a verdict")
    if control is None:
        return GateJudgement("inconclusive", "there is no control to say what this host can resolve")
    if not inside(control, margin):
        return _too_noisy(found, control, margin)
    return _decided(found, found.ci95, margin)


def _decided(found: Ratio, interval: Interval, margin: float) -> GateJudgement:
    verdict = _side(interval, margin)
    shown = f"the interval of the ratio, {_shown(interval)}, "
    if verdict == "inconclusive":
        return GateJudgement(verdict, shown + f"holds {1 + margin:.4g}", _needed(found, margin))
    if found.cross_check is not None and _side(found.cross_check, margin) != verdict:
        reason = (
            f"{shown}says {verdict}, and its cross-check over rounds, {_shown(found.cross_check)}, does not"
        )
        return GateJudgement("inconclusive", reason, _needed(found, margin))
    if found.steady_ci95 is not None and _side(found.steady_ci95, margin) != verdict:
        assert found.change is not None
        return GateJudgement("inconclusive", f"{shown}says {verdict}, but {still_moving(found.change)}")
    where = "above" if verdict == "regression" else "below"
    return GateJudgement(verdict, shown + f"lies wholly {where} {1 + margin:.4g}")


def _side(interval: Interval, margin: float) -> GateVerdict:
    if interval[0] > 1 + margin:
        return "regression"
    return "pass" if interval[1] < 1 + margin else "inconclusive"


def _needed(found: Ratio, margin: float) -> int | None:
    assert found.half_width is not None
    gap = abs(log(found.ratio) - log1p(margin))
    return launches_needed(found.n_launches, found.half_width, gap)


def _too_noisy(found: Ratio, control: Interval, margin: float) -> GateJudgement:
    """Both the control and the comparison must come to fit, so the larger need of launches counts."""
    half = (log(control[1]) - log(control[0])) / 2
    centre = reach(control) - half
    for_control = launches_needed(found.n_launches, expm1(half), log1p(margin) - centre)
    assert found.ci95 is not None
    undecided = _side(found.ci95, margin) == "inconclusive"
    for_ratio = _needed(found, margin) if undecided else found.n_launches
    needed = None if for_control is None or for_ratio is None else max(for_control, for_ratio)
    return GateJudgement(
        "inconclusive",
        f"this host cannot resolve {margin:.2%}: a model against itself gave the interval {_shown(control)}",
        needed,
    )


def _shown(interval: Interval) -> str:
    return f"{interval[0]:.4f} to {interval[1]:.4f}"
