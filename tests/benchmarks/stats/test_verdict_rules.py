"""What is said about intervals, case by case, and how many launches it would take."""

from __future__ import annotations

from dataclasses import replace
from math import log

import pytest

from benchmarks.stats.gating import judge_gate
from benchmarks.stats.launches_needed import launches_needed
from benchmarks.stats.paired import Ratio
from benchmarks.stats.until import until
from benchmarks.stats.verdicts import judge_comparison, judge_control

QUIET = (0.99, 1.01)


def ratio(low: float, high: float, check: tuple[float, float] | None = None):
    return Ratio((low * high) ** 0.5, (low, high), check, n_launches=5, n_rounds=20)


SINGLE = Ratio(2.0, None, (1.9, 2.1), n_launches=1, n_rounds=20)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (ratio(0.98, 1.02), "same"),
        (ratio(1.005, 1.02), "same"),  # real, and below the margin
        (ratio(1.005, 1.04), "slower"),
        (ratio(1.10, 1.20), "slower"),
        (ratio(0.80, 0.90), "faster"),
        (ratio(0.96, 0.999), "faster"),
        (ratio(0.99, 1.04), "inconclusive"),
        (ratio(0.50, 2.00), "inconclusive"),
        (ratio(1.10, 1.20, (1.12, 1.18)), "slower"),
        (ratio(1.10, 1.20, (0.99, 1.18)), "inconclusive"),
        (ratio(0.98, 1.02, (0.96, 1.01)), "inconclusive"),
        (SINGLE, "inconclusive"),
    ],
)
def test_comparison(found: Ratio, verdict: str):
    judged = judge_comparison(found, 0.03)
    assert judged.verdict == verdict
    assert verdict == "inconclusive" or judged.launches_needed is None


@pytest.mark.parametrize(
    ("control", "verdict"),
    [(QUIET, "same"), ((0.99, 1.03), "inconclusive"), ((0.97, 1.01), "inconclusive"), (None, "inconclusive")],
)
def test_control(control: tuple[float, float] | None, verdict: str):
    assert judge_control(control, 0.03) == verdict


@pytest.mark.parametrize(
    ("found", "control", "verdict", "reason"),
    [
        (ratio(1.04, 1.10), QUIET, "regression", "lies wholly above 1.03"),
        (ratio(0.98, 1.02), QUIET, "pass", "lies wholly below 1.03"),
        (ratio(0.50, 0.60), QUIET, "pass", "lies wholly below 1.03"),
        (ratio(1.01, 1.029), QUIET, "pass", "lies wholly below 1.03"),
        (ratio(1.02, 1.04), QUIET, "inconclusive", "1.0200 to 1.0400, holds 1.03"),
        (ratio(1.04, 1.10), (0.98, 1.04), "inconclusive", "cannot resolve 3.00%"),
        (ratio(0.50, 0.60), (0.96, 1.01), "inconclusive", "cannot resolve 3.00%"),
        (ratio(0.98, 1.02), None, "inconclusive", "no control"),
        (SINGLE, QUIET, "inconclusive", "a single launch"),
        (ratio(1.04, 1.10, (1.05, 1.09)), QUIET, "regression", "lies wholly above"),
        (ratio(1.04, 1.10, (1.02, 1.09)), QUIET, "inconclusive", "cross-check over rounds, 1.0200 to 1.0900"),
        (ratio(0.98, 1.02, (0.98, 1.04)), QUIET, "inconclusive", "says pass, and its cross-check"),
    ],
)
def test_gate(found: Ratio, control: tuple[float, float] | None, verdict: str, reason: str):
    judged = judge_gate(found, control, 0.03)
    assert judged.verdict == verdict
    assert reason in judged.reason
    assert verdict == "inconclusive" or judged.launches_needed is None


@pytest.mark.parametrize(
    ("low", "high", "change", "gate", "comparison"),
    [
        (1.05, 1.10, 0.97, "inconclusive", "slower"),  # 1.0185: it may settle within the margin
        (1.05, 1.10, 1.03, "inconclusive", "slower"),
        (1.05, 1.10, 0.94, "inconclusive", "inconclusive"),
        (1.05, 1.10, 0.99, "regression", "slower"),
        (0.98, 1.02, 1.02, "inconclusive", "inconclusive"),
        (0.98, 1.02, 0.999, "pass", "same"),
        (0.80, 0.90, 0.95, "pass", "faster"),
    ],
)
def test_a_ratio_that_moves_decides_only_what_it_would_wherever_it_settles(
    low: float, high: float, change: float, gate: str, comparison: str
):
    found = replace(ratio(low, high), change=change, change_ci95=(change * 0.9999, change * 1.0001))
    judged = judge_gate(found, QUIET, 0.03)
    assert (judged.verdict, judged.launches_needed) == (gate, None)
    assert ("not in its steady state" in judged.reason) == (gate == "inconclusive")
    assert judge_comparison(found, 0.03).verdict == comparison
    by_chance = replace(found, change_ci95=(0.5, 2.0))
    assert judge_gate(by_chance, QUIET, 0.03) == judge_gate(ratio(low, high), QUIET, 0.03)


def test_launches_needed_by_hand():
    assert (
        launches_needed(5, 0.02, log(1.01)) == 20
    )  # twice as narrow (in logarithms 1.99): four times the launches
    assert launches_needed(5, 0.02, log(1.04)) == 6  # at least one more than there were
    assert launches_needed(5, 0.02, 0) is None
    assert launches_needed(5, 0.5, 0.001) is None


def test_launches_that_would_decide_a_gate():
    # Estimate 1.01, half-width 4 %, distance to 1.03 about 1.96 %: 5 * (log 1.04 / log(1.03 / 1.01))² = 20.0.
    judged = judge_gate(ratio(1.01 / 1.04, 1.01 * 1.04), QUIET, 0.03)
    assert judged.launches_needed == 21
    assert judge_gate(ratio(1.03 / 1.04, 1.03 * 1.04), QUIET, 0.03).launches_needed is None


def test_launches_that_would_make_a_host_quiet_enough():
    # The control reaches 6 % either way and must stay within 3 %: 5 * (log 1.06 / log 1.03)² = 19.4.
    judged = judge_gate(ratio(1.09, 1.11), (1 / 1.06, 1.06), 0.03)
    assert judged.launches_needed == 20
    # A control that is off by more than the margin does not get better by repetition.
    assert judge_gate(ratio(1.09, 1.11), (1.05, 1.06), 0.03).launches_needed is None
    # The comparison itself may need more: 5 * (log 1.04 / log(1.03 / 1.02))² = 80.8.
    assert judge_gate(ratio(1.02 / 1.04, 1.02 * 1.04), (1 / 1.06, 1.06), 0.03).launches_needed == 81


def test_launches_that_would_decide_a_comparison():
    # 1.05 is nearer to leaving 1 out (4.9 %) than to fitting into the margin: 5 * (log 1.06 / log 1.05)² = 7.1.
    assert judge_comparison(ratio(1.05 / 1.06, 1.05 * 1.06), 0.03).launches_needed == 8
    # 1.00 can only come to fit into the margin: 5 * (log 1.06 / log 1.03)² = 19.4.
    assert judge_comparison(ratio(1 / 1.06, 1.06), 0.03).launches_needed == 20
    assert judge_comparison(SINGLE, 0.03).launches_needed is None


def test_until():
    assert until([0.009, 0.0099], 10, 0.01).reached
    widest = until([0.009, 0.015], 10, 0.01)  # 10 * (log 1.015 / log 1.01)² = 22.4
    assert (widest.reached, widest.half_width, widest.more_launches, widest.capped) == (
        False,
        0.015,
        13,
        False,
    )
    capped = until([0.05], 10, 0.01)
    assert (capped.reached, capped.more_launches, capped.capped) == (False, 30, True)
    ended = until([0.02], 40, 0.01)
    assert (ended.reached, ended.more_launches, ended.capped) == (False, 0, True)
    assert until([0.0101], 10, 0.01).more_launches == 1
    assert until([0.05], 10, 0.01, cap=12).more_launches == 2


def test_until_never_ends_before_there_are_ten_launches():
    few = until([0.0001], 3, 0.01)
    assert (few.reached, few.more_launches) == (False, 7)
    assert until([None], 1, 0.01).more_launches == 9
    assert until([0.001, None], 10, 0.01).half_width is None
    assert not until([0.001, None], 10, 0.01).reached
    assert not until([], 10, 0.01).reached
