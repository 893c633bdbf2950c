"""Percentiles against the published table, binomial tails of scipy.stats, and LoadGen's own search loop."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.stats.percentiles import largest_t, least_n, percentile

# benchmark_method.md §3.
TABLE = {0.5: 11, 0.9: 64, 0.95: 130, 0.97: 219, 0.99: 662, 0.999: 6636}
AT_95 = {0.5: 8, 0.9: 46, 0.95: 93, 0.97: 157, 0.99: 473, 0.999: 4742}
MAXIMUM_ONLY = {0.5: 7, 0.9: 44, 0.95: 90, 0.97: 152, 0.99: 459, 0.999: 4603}


@pytest.mark.parametrize("p", TABLE)
def test_the_published_table(p: float):
    assert least_n(p) == TABLE[p]
    assert least_n(p, 0.95) == AT_95[p]
    assert least_n(p, t=0) == MAXIMUM_ONLY[p]


def test_one_less_is_not_enough():
    # Worked out in the method: n = 63 gives 0.01048, n = 64 gives 0.00956.
    assert stats.binom.cdf(1, [63, 64], 0.1) == pytest.approx([0.01048, 0.00956], abs=5e-6)
    assert percentile(np.arange(63), 0.9).needs_n == 64
    assert percentile(np.arange(63), 0.9).value is None
    assert percentile(np.arange(63), 0.9).upper_bound is None
    assert percentile(np.arange(64), 0.9).needs_n is None


@pytest.mark.parametrize("p", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("n", [10, 64, 300, 662, 1500])
def test_t_is_the_one_of_loadgens_loop(p: float, n: int):
    # results.cc raises t while n >= h(t) + t, which is P[Binomial(n, 1 - p) <= t] <= 0.01.
    t = 0
    while t + 1 < n and stats.binom.cdf(t + 1, n, 1 - p) <= 0.01:
        t += 1
    assert largest_t(n, p) == t


def test_the_bound_is_loadgens_index():
    samples = np.random.default_rng(1).permutation(np.arange(1, 65) * 1000)
    found = percentile(samples, 0.9)
    assert found.upper_bound == 64_000  # t = 1: the largest
    assert found.value == pytest.approx(1000 * (1 + 0.9 * 63))
    assert percentile(np.arange(1000), 0.9).upper_bound == 1000 - largest_t(1000, 0.9)


def test_the_bound_holds_and_the_plain_percentile_does_not():
    rng = np.random.default_rng(2)
    found = [percentile(rng.lognormal(0, 0.3, 64), 0.9) for _ in range(1000)]
    truth = float(stats.lognorm(0.3).ppf(0.9))
    bounds = np.mean([one.upper_bound is not None and one.upper_bound >= truth for one in found])
    plain = np.mean([one.value is not None and one.value >= truth for one in found])
    assert bounds >= 0.99 - 0.01  # the t-th largest holds in more than 99 %
    assert plain < 0.5  # benchmark_method.md: 40 to 42 %


def test_any_number_of_samples():
    assert percentile(np.empty(0, np.int64), 0.5).needs_n == 11
    assert largest_t(0, 0.9) == 0
    assert largest_t(1, 0.9) == 0
    assert percentile(np.full(64, 7), 0.9).upper_bound == 7
