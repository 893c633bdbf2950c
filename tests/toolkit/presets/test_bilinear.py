"""Half-pixel bilinear against published values and scipy's interpolation at explicit coordinates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from toolkit.presets.bilinear import along, resize, taps


def by_scipy(plane: np.ndarray, height: int, width: int):
    rows = (np.arange(height) + 0.5) * plane.shape[0] / height - 0.5
    columns = (np.arange(width) + 0.5) * plane.shape[1] / width - 0.5
    return map_coordinates(plane, np.meshgrid(rows, columns, indexing="ij"), order=1, mode="nearest")


def test_upsample_check_of_opencv_and_torch():
    # science_checks.json, upsample: cv_linear and torch_bilinear.
    expected = [[0, 2.5, 7.5, 10], [5, 3.125, -0.625, -2.5], [15, 4.375, -16.875, -27.5], [20, 5, -25, -40]]
    assert resize(np.array([[0.0, 10], [20, -40]]), 4, 4) == pytest.approx(np.array(expected), abs=1e-12)


@pytest.mark.parametrize(
    ("source", "target"),
    [((4, 4), (7, 7)), ((56, 56), (77, 103)), ((77, 103), (22, 22)), ((5, 90), (9, 31)), ((1, 6), (4, 3)),
     ((1, 1), (3, 5)), ((9, 9), (9, 9)), ((30, 8), (1, 1))],
)  # fmt: skip
def test_agrees_with_scipy(source: tuple[int, int], target: tuple[int, int]):
    plane = np.random.default_rng(1).normal(0, 50, source)
    assert resize(plane, *target) == pytest.approx(by_scipy(plane, *target), abs=1e-10)


def test_leading_axes_are_planes_of_their_own():
    planes = np.random.default_rng(2).normal(size=(2, 3, 6, 5))
    found = resize(planes, 11, 4)
    assert found.shape == (2, 3, 11, 4)
    assert found[1, 2] == pytest.approx(by_scipy(planes[1, 2], 11, 4), abs=1e-12)


def test_an_even_plane_stays_exactly_even():
    assert (resize(np.full((5, 7), 0.1), 31, 3) == 0.1).all()


def test_shrinking_does_not_average():
    # 8 -> 2: positions 1.5 and 5.5, so only samples 1, 2, 5 and 6 count.
    row = np.array([[9.0, 1, 3, 9, 9, 10, 20, 9]])
    assert resize(row, 1, 2).tolist() == [[2.0, 15.0]]


def test_a_range_of_positions_is_a_part_of_the_whole():
    values = np.random.default_rng(3).normal(size=(2, 6))
    whole = along(values, taps(6, 17), 1)
    assert (along(values, taps(6, 17, 4, 9), 1) == whole[:, 4:9]).all()
