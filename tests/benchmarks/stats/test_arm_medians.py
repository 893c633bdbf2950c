"""The median of one arm against scipy.stats, and the order-statistic interval against binomial tables."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.stats.medians import median_over_launches
from benchmarks.stats.order_statistics import median_interval
from toolkit.errors import Inconclusive


def test_interval_of_students_t_over_launches():
    rng = np.random.default_rng(1)
    launches = [np.rint(5e6 * np.exp(rng.normal(0, 0.03, 40))).astype(np.int64) for _ in range(5)]
    found = median_over_launches(launches)
    logs = np.log([np.median(launch) for launch in launches])
    expected = np.exp(stats.ttest_1samp(logs, 0).confidence_interval(0.95))
    assert found.ci95 == pytest.approx(tuple(expected), rel=1e-12)
    assert found.median == np.median(np.concatenate(launches))
    assert (found.n_launches, found.n, found.cross_check) == (5, 200, None)
    assert found.half_width == pytest.approx((expected[1] / expected[0]) ** 0.5 - 1)


def test_a_single_launch_has_no_interval():
    found = median_over_launches([np.array([1, 2, 30]), np.array([], np.int64)])
    assert (found.median, found.ci95, found.half_width, found.n_launches, found.n) == (2, None, None, 1, 3)


def test_the_interval_holds_the_median_even_of_two_groups():
    launches = [np.full(10, 100 if i < 6 else 200) for i in range(10)]
    found = median_over_launches(launches)
    logs = np.log([100.0] * 6 + [200.0] * 4)
    low, high = np.exp(stats.ttest_1samp(logs, 0).confidence_interval(0.95))
    assert low > 100  # so plain Student's t would leave the median out
    assert found.ci95 == pytest.approx((100, high))
    assert found.median == 100
    assert found.cross_check == (100, 200)


def test_a_stage_shorter_than_the_clock_has_a_median_and_no_interval():
    found = median_over_launches([np.array([0, 0, 1]), np.array([0, 2, 3])])
    assert (found.median, found.ci95) == (0.5, None)


def test_nothing_measured():
    with pytest.raises(Inconclusive, match="CTK301"):
        median_over_launches([np.array([], np.int64)])


# Ranks of the exact 95 % interval of a median: published table (Conover, Practical Nonparametric Statistics; n: k).
@pytest.mark.parametrize(
    ("n", "k"), [(6, 1), (8, 1), (9, 2), (10, 2), (12, 3), (15, 4), (20, 6), (30, 10), (40, 14)]
)
def test_ranks_of_the_exact_interval(n: int, k: int):
    shuffled = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
    assert median_interval(shuffled) == (k, n + 1 - k)
    assert 2 * stats.binom.cdf(k - 1, n, 0.5) <= 0.05 < 2 * stats.binom.cdf(k, n, 0.5)


@pytest.mark.parametrize("n", range(6))
def test_five_values_cannot_hold_a_median_at_95_percent(n: int):
    assert median_interval(np.arange(float(n))) is None
