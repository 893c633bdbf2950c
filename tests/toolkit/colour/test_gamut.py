from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from toolkit.colour.gamut import cell_overlaps, convex_hull, gamut_hull, gamut_points


def test_hull_is_scipys():
    points = np.random.default_rng(1).normal(size=(500, 2))
    ours, oracle = convex_hull(points), ConvexHull(points)
    assert {tuple(p) for p in ours} == {tuple(p) for p in points[oracle.vertices]}


def test_hull_drops_repeated_and_collinear_points():
    square = [[0, 0], [2, 0], [2, 2], [0, 2]]
    points = np.array([*square, *square, [1, 0], [1, 1], [2, 1]], float)
    assert convex_hull(points).tolist() == [[0, 0], [2, 0], [2, 2], [0, 2]]


def test_overlaps_of_a_triangle_are_those_on_paper():
    triangle = np.array([[0, 0], [20, 0], [0, 20]], float)
    assert cell_overlaps(triangle) == {(0, 0): 100.0, (0, 1): 50.0, (1, 0): 50.0}


def test_overlaps_add_up_to_the_area_of_the_hull():
    hull = gamut_hull()
    overlaps = cell_overlaps(hull)
    assert sum(overlaps.values()) == pytest.approx(ConvexHull(hull).volume, rel=1e-12)
    # science.md §3.1: area 23,053.56 with the 6-digit matrix, 272 cells, the least of them 0.151.
    assert sum(overlaps.values()) == pytest.approx(23_053.56, abs=1)
    assert sum(area > 0 for area in overlaps.values()) == 272
    assert min(area for area in overlaps.values() if area > 0) == pytest.approx(0.151, abs=0.002)


def test_edges_of_the_cube_bound_the_gamut():
    from toolkit.colour.lab import srgb_to_lab

    level = np.arange(0, 256, 15) / 255
    cube = np.stack(np.meshgrid(level, level, level, indexing="ij"), -1).reshape(-1, 3)
    hull = ConvexHull(gamut_hull())
    outside = hull.equations[:, :2] @ srgb_to_lab(cube)[:, 1:].T + hull.equations[:, 2:]
    assert outside.max() < 1e-9


@pytest.mark.parametrize(("scale", "count"), [(0.995, 312), (1.0, 313), (1.005, 315)])
def test_count_of_points_is_as_sharp_as_published(scale: float, count: int):
    # features.md §3.1: a hull half a percent smaller or larger gives another set.
    assert len(gamut_points(gamut_hull() * scale)) == count
