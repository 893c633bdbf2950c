"""The paired ratio by hand and against scipy.stats; comparisons with a stored run against Welch's test."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from scipy import stats

from benchmarks.stats.blocks import round_medians
from benchmarks.stats.intervals import half_width, inside, reach
from benchmarks.stats.paired import Ratio, compare, compare_medians, per_picture
from benchmarks.stats.unpaired import compare_with_stored, widen
from toolkit.errors import Inconclusive


def blocks(medians: list[list[float]]):
    """Blocks of three samples with these medians and a spike each."""
    return [[np.array([m, 10 * m, m // 2], np.int64) for m in launch] for launch in medians]


def test_medians_of_blocks():
    found = round_medians([[np.array([3, 1, 2]), np.array([], np.int64)], []])
    assert found[0][0] == 2
    assert np.isnan(found[0][1])
    assert len(found[1]) == 0


def test_ratio_and_interval_against_scipy():
    rng = np.random.default_rng(1)
    a = [rng.uniform(90, 110, 4) for _ in range(5)]
    b = [rng.uniform(95, 120, 4) for _ in range(5)]
    found = compare_medians(a, b)
    logs = np.log(np.array(b) / np.array(a))
    expected = stats.ttest_1samp(logs.mean(axis=1), 0).confidence_interval(0.95)
    assert found.ci95 == pytest.approx((exp(expected.low), exp(expected.high)), rel=1e-12)
    assert found.ratio == pytest.approx(float(stats.gmean(np.exp(logs).ravel())))
    ordered = np.sort(np.exp(logs).ravel())
    assert found.cross_check == pytest.approx((ordered[5], ordered[14]))
    assert (found.n_launches, found.n_rounds) == (5, 20)


def test_a_spike_in_a_block_and_a_slow_round_of_both_change_nothing():
    a = [[1000, 4000], [1000, 9000]]
    found = compare(blocks(a), blocks([[2 * m for m in launch] for launch in a]))
    assert found.ratio == pytest.approx(2)
    assert found.ci95 == pytest.approx((2, 2))
    assert found.half_width == pytest.approx(0)


def test_rounds_of_one_launch_do_not_count_as_replication():
    # Rounds agree within each launch, the launches do not: pooled rounds would give a narrow interval.
    ratios = [1.00, 1.02, 0.98]
    found = compare_medians([np.full(100, 50.0)] * 3, [np.full(100, 50 * ratio) for ratio in ratios])
    expected = stats.ttest_1samp(np.log(ratios), 0).confidence_interval(0.95)
    assert found.ci95 == pytest.approx((exp(expected.low), exp(expected.high)))
    assert found.half_width is not None
    assert found.half_width > 0.04


def test_a_single_launch_has_a_ratio_and_no_interval():
    found = compare(blocks([[1000] * 6]), blocks([[1100] * 6]))
    assert found.ratio == pytest.approx(1.1)
    assert (found.ci95, found.half_width, found.n_launches) == (None, None, 1)
    assert found.cross_check == pytest.approx((1.1, 1.1))


def test_rounds_that_one_arm_lacks_are_left_out():
    a = [[np.array([100]), np.array([100])], [np.array([100])], [np.array([7])]]
    b = [[np.array([110]), np.array([], np.int64)], [np.array([121]), np.array([5])]]
    found = compare(a, b)
    assert (found.n_launches, found.n_rounds) == (2, 2)
    assert found.ratio == pytest.approx((1.1 * 1.21) ** 0.5)


def test_nothing_to_compare():
    with pytest.raises(Inconclusive, match="CTK301"):
        compare([], [])
    with pytest.raises(Inconclusive, match="CTK301"):
        compare([[np.array([], np.int64)]], blocks([[100]]))
    with pytest.raises(Inconclusive, match="0 ns"):
        compare([[np.array([0, 0, 5])]], blocks([[100]]))


def test_exchanging_the_arms_inverts_everything():
    rng = np.random.default_rng(2)
    a, b = ([rng.uniform(90, 110, 4) for _ in range(5)] for _ in range(2))
    there, back = compare_medians(a, b), compare_medians(b, a)
    assert there.ci95 is not None
    assert back.ci95 == pytest.approx((1 / there.ci95[1], 1 / there.ci95[0]))
    assert back.half_width == pytest.approx(there.half_width)


def test_stored_launches_by_welchs_test():
    rng = np.random.default_rng(3)
    stored, new = [rng.uniform(9, 11, 4) for _ in range(5)], [rng.uniform(9, 14, 4) for _ in range(7)]
    found = compare_with_stored(stored, new, (1.0, 1.0))
    means = [[np.log(launch).mean() for launch in run] for run in (new, stored)]
    expected = stats.ttest_ind(*means, equal_var=False).confidence_interval(0.95)
    assert found.ci95 == pytest.approx((exp(expected.low), exp(expected.high)), rel=1e-10)
    assert (found.n_launches, found.n_rounds, found.cross_check) == (5, 28, None)


def test_a_stored_comparison_is_widened_by_its_control():
    same = [np.array([10.0, 10.0])] * 3
    found = compare_with_stored(same, [2 * launch for launch in same], (0.99, 1.04))
    assert found.ci95 == pytest.approx((2 / 1.04, 2 * 1.04))
    assert widen(found, (0.95, 1.01)).ci95 == pytest.approx((2 / 1.04 * 0.95, 2 * 1.04 / 0.95))


def test_without_a_stored_control_or_launches_there_is_no_interval():
    same = [np.array([10.0, np.nan])] * 3
    assert compare_with_stored(same, same, None).ci95 is None
    assert compare_with_stored(same[:1], same, (0.99, 1.01)).ci95 is None
    assert compare_with_stored(same[:1], same, (0.99, 1.01)).ratio == pytest.approx(1)
    with pytest.raises(Inconclusive, match="CTK301"):
        compare_with_stored(same, [np.array([np.nan])], (0.99, 1.01))


def test_margins_are_symmetric_in_the_logarithm():
    assert inside((0.971, 1.029), 0.03)
    assert not inside((0.9705, 1.0), 0.03)  # 1/1.03 = 0.97087
    assert not inside((1.0, 1.03), 0.03)
    assert half_width((0.5, 2.0)) == pytest.approx(1)
    assert reach((0.8, 1.1)) == pytest.approx(-log(0.8))
    assert Ratio(1, None, None, 1, 4).half_width is None


def test_per_picture_takes_the_batches_from_both_sides():
    found = compare(blocks([[1000] * 3] * 2), blocks([[3600] * 3, [4400] * 3]))
    divided = compare(blocks([[1000] * 3] * 2), blocks([[900] * 3, [1100] * 3]))
    one = per_picture(found, (1, 4))
    assert one.ratio == pytest.approx(divided.ratio)
    assert one.ci95 == pytest.approx(divided.ci95)
    assert one.cross_check == pytest.approx(divided.cross_check)
    assert (one.n_launches, one.n_rounds) == (found.n_launches, found.n_rounds)
    assert per_picture(found, (4, 4)) == found
