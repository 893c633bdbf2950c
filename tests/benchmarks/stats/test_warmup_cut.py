"""MSER-5 against its definition written out, and the warm test on launches that fall or do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.stats.warmup import falls, mser5, warmup


def mser5_by_definition(samples: list[float]):
    batches = [sum(samples[i : i + 5]) / 5 for i in range(0, len(samples) - 4, 5)]
    scores = {}
    for d in range(len(samples) // 2 // 5 + 1):
        rest = batches[d:]
        if len(rest) < 5:
            break
        mean = sum(rest) / len(rest)
        scores[d] = sum((value - mean) ** 2 for value in rest) / len(rest) ** 2
    return 5 * min(scores, key=lambda d: scores[d], default=0)


def noise(rng: np.random.Generator, n: int):
    spikes = np.where(rng.random(n) < 0.02, 1 + rng.exponential(0.5, n), 1)
    return np.exp(rng.normal(0, 0.03, n)) * spikes


@pytest.mark.parametrize("n", [10, 23, 40, 101, 300])
def test_the_definition(n: int):
    rng = np.random.default_rng(n)
    for _ in range(20):
        samples = noise(rng, n) * (1 + 0.3 * np.exp(-np.arange(n) / 10))
        assert mser5(samples) == mser5_by_definition(samples.tolist())


def test_a_start_up_is_cut_where_it_ends():
    samples = np.array([200, 210, 190, 205, 195, 150, 140, 160, 150, 150] + [100, 101, 99, 100, 100] * 8)
    assert warmup(samples).cut == 10
    assert warmup(samples).warm


def test_the_cut_stays_in_the_first_half():
    assert mser5(np.linspace(2, 1, 60)) == 30
    assert mser5(np.r_[np.full(70, 2.0), np.full(30, 1.0)]) <= 50


@pytest.mark.parametrize("n", [0, 1, 4, 5, 9, 10, 14, 19, 29])
def test_few_samples_are_all_kept(n: int):
    assert mser5(np.arange(n, 0, -1)) == 0
    assert warmup(np.full(n, 3)).warm


def test_five_batches_are_left():
    # A single batch agrees with itself perfectly, and two nearly always.
    falling = np.array([9.0] * 5 + [8, 7, 6, 5, 4] * 4 + [1.0] * 5)  # 6 batches: one may go
    assert mser5(falling) == 5
    assert mser5(np.linspace(2, 1, 40)) == 15


def test_stationary_launches_of_twenty_lose_nothing():
    rng = np.random.default_rng(8)
    assert {mser5(noise(rng, 20)) for _ in range(200)} == {0}


def test_it_takes_most_of_the_bias_away():
    # benchmark_method.md §5, tau 40 and 15 %: +1.22 % with nothing dropped, +0.39 % behind the cut.
    rng = np.random.default_rng(3)
    biases = []
    for _ in range(200):
        samples = noise(rng, 300) * (1 + 0.15 * np.exp(-np.arange(300) / 40))
        biases.append([np.median(samples) - 1, np.median(samples[mser5(samples) :]) - 1])
    before, after = np.mean(biases, axis=0)
    assert before == pytest.approx(0.0122, abs=0.003)
    assert after < before / 2


def test_a_steady_launch_is_warm():
    rng = np.random.default_rng(4)
    for n in (40, 100, 300):
        cold = sum(not warmup(noise(rng, n)).warm for _ in range(300))
        assert cold <= 300 * 0.05


def test_a_launch_that_goes_on_falling_is_not_warm():
    rng = np.random.default_rng(5)
    cold = sum(not warmup(noise(rng, 300) * np.linspace(1.3, 1, 300)).warm for _ in range(100))
    assert cold >= 90


def test_students_t_decides_as_scipy_says():
    rng = np.random.default_rng(6)
    seen = set()
    for _ in range(60):
        samples = np.exp(rng.normal(0, 0.03, 60)) * np.linspace(rng.uniform(1, 1.2), 1, 60)
        halves = [
            [float(np.mean(half[i : i + 5])) for i in range(0, 30, 5)]
            for half in (samples[:30], samples[30:])
        ]
        p = stats.ttest_ind(*halves, equal_var=False, alternative="greater").pvalue
        assert falls(samples) == (p < (1 - 0.9973) / 2)
        seen.add(falls(samples))
    assert seen == {True, False}
    assert not falls(np.linspace(1, 2, 60))  # rising is no warm-up


def test_two_batches_a_half_tell_little():
    # Means 12, 10 and 8, 6: 4.24 standard errors would be 3, but t with 2 degrees of freedom asks for 19.
    assert not falls(np.repeat([12.5, 10.5, 8.0, 6.0], 5))
    assert falls(np.repeat([80.0, 78.0, 8.0, 6.0], 5))


@pytest.mark.parametrize(("launches", "n"), [(2, 40), (4, 40), (5, 40), (3, 20)])
def test_steady_runs_are_hardly_ever_called_cold(launches: int, n: int):
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(200):
        cold = sum(not (warmup(noise(rng, n)).warm and warmup(noise(rng, n)).warm) for _ in range(launches))
        alarms += cold >= 2 and cold > 0.2 * launches
    assert alarms <= 200 * 0.03
