"""Lag-1 autocorrelation by hand, on a known process, and across the borders of blocks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from benchmarks.statistics.autocorrelation import lag1


def test_by_hand():
    # Mean 3, deviations -2 -1 0 1 2: neighbours' products 2 0 0 2, mean 1; variance 2.
    assert lag1([np.array([1, 2, 3, 4, 5])]) == pytest.approx(0.5)


def test_a_known_process():
    pushes = np.random.default_rng(1).normal(size=20_000)
    assert lag1([np.asarray(lfilter([1], [1, -0.6], pushes))]) == pytest.approx(0.6, abs=0.02)
    assert lag1([pushes]) == pytest.approx(0, abs=0.02)


def test_the_border_of_two_blocks_is_no_neighbourhood():
    # Deviations -1 1 | 1 -1: inside the blocks -1 and -1; the pair across the border (+1) does not count.
    assert lag1([np.array([1, 3]), np.array([3, 1])]) == pytest.approx(-1)
    assert lag1([np.array([1, 3, 3, 1])]) == pytest.approx(-1 / 3)


@pytest.mark.parametrize(
    "blocks", [[], [np.array([], np.int64)], [np.array([1]), np.array([2])], [np.array([4, 4, 4])]]
)
def test_nothing_to_tell(blocks: list[np.ndarray]):
    assert lag1(blocks) is None
