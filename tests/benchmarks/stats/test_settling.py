"""Launches that change alike, held against scipy's t test, and what is shared or due to chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.stats.paired import compare_medians
from benchmarks.stats.settling import FALL_CONFIDENCE, RATIO_CONFIDENCE, falls_alike, mean_change, moves


def drawn(rng: np.random.Generator, change: float, launches: int = 5, rounds: int = 4, sd: float = 0.02):
    """Logarithms that change linearly by that much from the begin of each launch to its end."""
    return [
        rng.normal(rng.normal(0, 0.05), sd, rounds) + np.linspace(0, change, rounds) for _ in range(launches)
    ]


@pytest.mark.parametrize("rounds", [4, 5, 9])
def test_students_t_over_launches_as_scipy_has_it(rounds: int):
    rng = np.random.default_rng(1)
    seen: set[tuple[bool, bool]] = set()
    for _ in range(80):
        launches = drawn(rng, rng.uniform(-0.2, 0.2), rounds=rounds)
        changes = [one[(rounds + 1) // 2 :].mean() - one[: rounds // 2].mean() for one in launches]
        found = (moves(launches), falls_alike(launches))
        either = stats.ttest_1samp(changes, 0).pvalue < 1 - RATIO_CONFIDENCE
        less = stats.ttest_1samp(changes, 0, alternative="less").pvalue < (1 - FALL_CONFIDENCE) / 2
        assert found == (either, less)
        seen.add(found)
    assert {(True, False), (False, False)} <= seen


def test_steady_pairs_are_held_to_move_once_in_a_hundred():
    rng = np.random.default_rng(2)
    alarms = sum(moves(drawn(rng, 0.0)) for _ in range(2000))
    assert stats.binomtest(alarms, 2000, 1 - RATIO_CONFIDENCE).pvalue > 0.001


def test_five_launches_of_four_rounds_show_what_none_of_them_could():
    rng = np.random.default_rng(3)
    assert all(falls_alike(drawn(rng, -0.3)) and moves(drawn(rng, -0.3)) for _ in range(50))


def test_getting_slower_is_no_warm_up_but_moves_a_ratio():
    launches = drawn(np.random.default_rng(4), 0.5)
    assert not falls_alike(launches)
    assert moves(launches)


def test_a_fall_of_some_launches_is_no_warm_up():
    rng = np.random.default_rng(5)
    falling, steady = drawn(rng, -0.3, launches=2), drawn(rng, 0.0, launches=3)
    assert not falls_alike([*falling, *steady])


def test_what_both_arms_share_is_no_part_of_their_ratio():
    rng = np.random.default_rng(6)
    host = [np.exp(one) for one in drawn(rng, -0.4, sd=0.1)]
    assert not compare_medians(host, [1.08 * one for one in host]).moves
    cold = [one * np.linspace(1.3, 1, 4) for one in host]
    assert compare_medians(host, cold).moves
    assert compare_medians(cold, host).moves


@pytest.mark.parametrize(
    "launches",
    [
        [],
        [np.array([0.5, 0.1, 0.0])],
        [np.array([0.5]), np.array([0.4])],
        [np.array([]), np.array([0.3, 0.1])],
    ],
    ids=["none", "one launch", "single rounds", "one of two"],
)
def test_too_little_says_nothing(launches: list[np.ndarray]):
    assert mean_change(launches, 0.95) is None
    assert not moves(launches)
    assert not falls_alike(launches)


def test_equal_launches_do_not_move_by_their_rounding():
    launches = [np.array([0.1, 0.1, 0.1, np.nextafter(0.1, 1)])] * 5
    assert not moves(launches)
    assert moves([np.array([0.1, 0.1, 0.2, 0.2])] * 5)
