"""Mean, 95th percentile and maximum of ΔE2000 against recorded figures."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.image_quality.delta_e_map import delta_e_map, summary


def summary_of(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> DeltaE2000:
    return summary(delta_e_map(one, other))


def test_delta_e2000_of_the_recorded_pictures():
    # science.md §8, "Tiny" (there from scikit-image's Lab, whose constants differ by up to 0.005).
    one = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [128, 128, 128]]], np.uint8)
    other = np.array([[[250, 10, 5], [10, 240, 10]], [[10, 10, 240], [120, 130, 140]]], np.uint8)
    found = summary_of(one, other)
    assert found.mean == pytest.approx(2.949563, abs=2e-3)
    assert found.max == pytest.approx(6.059258, abs=2e-3)
    # Sorted .938971, 1.620983, 3.179039, 6.059258: 95 % lies 0.85 of the way between the last two.
    assert found.p95 == pytest.approx(3.179039 + 0.85 * (6.059258 - 3.179039), abs=2e-3)


def test_delta_e2000_of_the_sixteen_by_sixteen_pictures():
    y, x = np.mgrid[0:16, 0:16]
    one = np.stack([16 * x, 16 * y, 8 * (x + y)], axis=-1)
    other = np.stack([16 * x + 8 * ((x + y) % 2), 16 * y - 4, 8 * (x + y) + 3], axis=-1)
    found = summary_of(one.astype(np.uint8), other.clip(0, 255).astype(np.uint8))
    assert found.mean == pytest.approx(2.6540952753, abs=2e-3)


def test_delta_e2000_of_a_picture_and_itself():
    rgb = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    found = summary_of(rgb, rgb)
    assert (found.mean, found.p95, found.max) == (0, 0, 0)
