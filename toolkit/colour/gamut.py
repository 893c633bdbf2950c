"""The ab plane of the sRGB gamut, and the grid points that colorization v2 classifies into.

The 313 points of `pts_in_hull.npy` are these (`science.md` §3.1, verified there in set and order): take the
convex hull of the (a, b) of all sRGB colours; lay a grid with lines at the multiples of 10; keep every cell
whose overlap with the hull has a positive area; the points are the corners of the kept cells, by a, then b.

The hull of the twelve edges of the RGB cube stands for that of the 16.7 million colours: it gives the same
272 cells, of which the one with the least overlap keeps 0.15 of 100 square units, so that neither rounding
nor the choice of sRGB matrix decides anything.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from toolkit.colour.lab import srgb_to_lab

Polygon = NDArray[np.float64]
GRID_STEP = 10.0
"""Distance of the grid lines, in units of a and b."""


def gamut_hull() -> Polygon:
    """Convex hull of the sRGB gamut's (a, b): (n, 2) float64, counter-clockwise, the first not repeated."""
    lab = srgb_to_lab(_cube_edges())
    return convex_hull(lab[:, 1:])


def gamut_points(hull: Polygon, step: float = GRID_STEP) -> NDArray[np.int64]:
    """Corners of all grid cells that share an area with a convex polygon.

    Args:
        hull: (n, 2) float64, counter-clockwise.
        step: Whole-numbered distance of the grid lines.

    Returns:
        (q, 2) int64, sorted by a, then b.
    """
    cells = [cell for cell, area in cell_overlaps(hull, step).items() if area > 0]
    corners = {(i + di, j + dj) for i, j in cells for di in (0, 1) for dj in (0, 1)}
    return np.array(sorted(corners), np.int64) * int(step)


def cell_overlaps(hull: Polygon, step: float = GRID_STEP) -> dict[tuple[int, int], float]:
    """Area shared by a convex polygon and each grid cell that its bounding box touches.

    Args:
        hull: (n, 2) float64, counter-clockwise.
        step: Distance of the grid lines.

    Returns:
        Square units by cell (i, j), which is [i, i + 1] × [j, j + 1] times ``step``.
    """
    overlaps = {}
    for i in _span(hull[:, 0], step):
        column = _between(hull, 0, i * step, (i + 1) * step)
        for j in _span(column[:, 1], step):
            overlaps[i, j] = _area(_between(column, 1, j * step, (j + 1) * step))
    return overlaps


def convex_hull(points: NDArray[np.float64]) -> Polygon:
    """Convex hull by Andrew's monotone chain (1979).

    Args:
        points: (m, 2) float64.

    Returns:
        (n, 2) float64, counter-clockwise; points on an edge are left out.
    """
    ordered = sorted(set(map(tuple, points.tolist())))
    lower, upper = _chain(ordered), _chain(ordered[::-1])
    return np.array(lower[:-1] + upper[:-1])


def _chain(ordered: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    chain: list[tuple[float, ...]] = []
    for point in ordered:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def _turn(o: tuple[float, ...], a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def _cube_edges() -> NDArray[np.float64]:
    """The 8-bit colours on the twelve edges of the RGB cube, (3072, 3) float64 in [0, 1]."""
    ramp = np.arange(256) / 255
    edges = []
    for channel in range(3):
        for others in itertools.product((0.0, 1.0), repeat=2):
            edge = np.empty((256, 3))
            edge[:, channel] = ramp
            edge[:, [c for c in range(3) if c != channel]] = others
            edges.append(edge)
    return np.concatenate(edges)


def _span(values: NDArray[np.float64], step: float) -> range:
    if not values.size:
        return range(0)
    return range(math.floor(values.min() / step), math.ceil(values.max() / step))


def _between(polygon: Polygon, axis: int, low: float, high: float) -> Polygon:
    return _clip(_clip(polygon, axis, low, 1.0), axis, high, -1.0)


def _clip(polygon: Polygon, axis: int, bound: float, side: float) -> Polygon:
    """The part of a polygon where ``side * (coordinate - bound) >= 0`` (Sutherland and Hodgman, 1974)."""
    depth = side * (polygon[:, axis] - bound)
    kept: list[Polygon] = []
    for k in range(len(polygon)):
        before, here = depth[k - 1], depth[k]
        if (before < 0) != (here < 0):
            crossing = polygon[k - 1] + (polygon[k] - polygon[k - 1]) * (before / (before - here))
            crossing[axis] = bound
            kept.append(crossing)
        if here >= 0:
            kept.append(polygon[k])
    return np.array(kept).reshape(-1, 2)


def _area(polygon: Polygon) -> float:
    x, y = polygon[:, 0], polygon[:, 1]
    return 0.5 * float(np.abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))
