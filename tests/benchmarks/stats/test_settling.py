"""Ratios that move within launches, held against scipy's t test; what is shared or due to chance is no such thing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.stats.paired import Ratio, compare_medians, still_moving
from benchmarks.stats.settling import change
from benchmarks.stats.warmup import warmup


def drawn(rng: np.random.Generator, by: float, launches: int = 5, rounds: int = 4, sd: float = 0.02):
    """Logarithms that change linearly by that much from the beginning of each launch to its end."""
    return [rng.normal(rng.normal(0, 0.05), sd, rounds) + np.linspace(0, by, rounds) for _ in range(launches)]


@pytest.mark.parametrize("rounds", [2, 4, 5, 9])
def test_the_interval_is_scipys_over_launches(rounds: int):
    rng = np.random.default_rng(rounds)
    launches = drawn(rng, 0.1, rounds=rounds)
    changes = [one[(rounds + 1) // 2 :].mean() - one[: rounds // 2].mean() for one in launches]
    expected = stats.ttest_1samp(changes, 0).confidence_interval(0.95)
    found = change(launches)
    assert found is not None
    assert found.half is not None
    assert (found.mean - found.half, found.mean + found.half) == pytest.approx((expected.low, expected.high))


def test_launches_of_unequal_length_count_alike():
    found = change([np.array([0.0, 1.0]), np.array([0.0, 0.0, 5.0, 3.0, 3.0]), np.array([7.0])])
    assert found is not None
    assert found.mean == pytest.approx((1 + 3) / 2)


def test_steady_pairs_are_held_to_move_once_in_twenty():
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(1000):
        found = change(drawn(rng, 0.0))
        assert found is not None
        assert found.half is not None
        alarms += abs(found.mean) > found.half
    assert stats.binomtest(alarms, 1000, 0.05).pvalue > 0.001


def test_five_launches_show_what_none_of_them_does():
    rng = np.random.default_rng(3)
    for _ in range(20):
        falling = [rng.lognormal(0, 0.03, 40) * np.linspace(1.3, 1, 40) for _ in range(5)]
        steady = [rng.lognormal(0, 0.03, 40) for _ in range(5)]
        assert sum(not warmup(one).warm for one in falling) < 2
        medians = [[np.median(one.reshape(4, 10), axis=1) for one in arm] for arm in (steady, falling)]
        assert compare_medians(*medians).moves


def test_what_both_arms_share_is_no_part_of_their_ratio():
    rng = np.random.default_rng(6)
    host = [np.exp(one) for one in drawn(rng, -0.4, sd=0.1)]
    shared = compare_medians(host, [1.08 * one for one in host])
    assert shared.change == pytest.approx(1)
    assert shared.steady_ci95 == pytest.approx(shared.ci95)
    cold = [one * np.array([1.3, 1.2, 1.1, 1.0]) for one in host]
    for found, wanted in ((compare_medians(host, cold), 1), (compare_medians(cold, host), -1)):
        assert found.moves
        assert np.log(found.change) * wanted < 0


def test_a_ratio_that_moves_is_known_as_badly_as_it_changes():
    found = Ratio(1.1, (1.08, 1.12), None, 5, 20, change=0.9, change_ci95=(0.88, 0.92))
    assert found.moves
    assert found.steady_ci95 == pytest.approx((1.08 * 0.9, 1.12 / 0.9))
    for by_chance in ((0.8, 1.01), None):
        steady = Ratio(1.1, (1.08, 1.12), None, 5, 20, change=0.9, change_ci95=by_chance)
        assert not steady.moves
        assert steady.steady_ci95 == (1.08, 1.12)
    assert Ratio(1.1, None, None, 1, 4).steady_ci95 is None


@pytest.mark.parametrize(
    "launches",
    [[], [np.array([0.5, 0.1, 0.0])], [np.array([0.5]), np.array([0.4])], [np.array([0.5]), np.array([0.3, 0.1])]],
    ids=["none", "one launch", "single rounds", "one of two"],
)  # fmt: skip
def test_too_little_cannot_be_asked(launches: list[np.ndarray]):
    assert change(launches) is None


def test_rounds_that_are_all_warm_up_are_left_out():
    nothing = np.nan
    a = [np.array([nothing, 1.0, 1.0]), np.array([nothing, 1.0, 1.0])]
    b = [np.array([9.0, 2.0, 1.0]), np.array([9.0, 2.0, 1.0])]
    assert compare_medians(a, b).change == pytest.approx(0.5)


def test_the_words_say_how_far_and_what_helps():
    assert "changes by -10.0% from the first half of each launch" in still_moving(0.9)
    assert "--rounds" in still_moving(1.2)
