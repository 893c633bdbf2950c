"""Lag-1 autocorrelation by hand, on a known process, and across the borders of blocks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from benchmarks.stats.autocorrelation import LEAST_PAIRS, lag1


def test_by_hand():
    # Deviations -5 ... 5: neighbours' products 20 12 6 2 0 0 2 6 12 20, either side's squares 85.
    assert lag1([np.arange(1, 12)]) == pytest.approx(80 / 85)


def test_a_known_process():
    pushes = np.random.default_rng(1).normal(size=20_000)
    assert lag1([np.asarray(lfilter([1], [1, -0.6], pushes))]) == pytest.approx(0.6, abs=0.02)
    assert lag1([pushes]) == pytest.approx(0, abs=0.02)


def test_the_border_of_two_blocks_is_no_neighbourhood():
    # Deviations -1 1 | 1 -1 | ...: inside the blocks -1 and -1; the pairs across borders (+1) do not count.
    pairs = [np.array([1, 3]), np.array([3, 1])] * (LEAST_PAIRS // 2)
    assert lag1(pairs) == pytest.approx(-1)
    # As one series of 20: 10 products of -1, 9 across the former borders of +1; 19 squares either side.
    assert lag1([np.concatenate(pairs)]) == pytest.approx(-1 / 19)


def test_short_blocks_at_different_levels_stay_within_the_bounds():
    # Mean product over pairs, over the variance of all samples, is 1.02 here: a middle of three counts twice as often.
    blocks = [np.array([level, level * 1.1, level]) for level in (-5.0, -5.0, -5.0, 5.0, 5.0, 5.0)]
    centred = np.concatenate(blocks)
    products = [block[:-1] * block[1:] for block in blocks]
    assert np.concatenate(products).mean() / centred.var() > 1
    found = lag1(blocks)
    assert found is not None
    assert 0.99 < found < 1
    drawn = np.random.default_rng(2)
    for _ in range(300):
        levels = drawn.normal(0, drawn.choice([0.01, 1, 100]), 6)
        value = lag1([level + drawn.normal(size=3) for level in levels])
        assert value is not None
        assert -1 <= value <= 1


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [np.array([], np.int64)],
        [np.array([1]), np.array([2])],
        [np.full(50, 4)],
        [np.arange(LEAST_PAIRS)],
        [np.array([1.0, 5.0, 2.0])] * 4,
    ],
)
def test_nothing_to_tell(blocks: list[np.ndarray]):
    assert lag1(blocks) is None
