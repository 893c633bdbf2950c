"""A map of ΔE2000 in colours, with its scale.

The colours are those of `inferno` (matplotlib, public domain; OpenCV has its table): black where there is no
error, and lightness rises evenly with it, so that order is seen without colours too.
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.image_quality.panels import GAP, labelled, scaled_map, side_by_side, written
from benchmarks.image_quality.picture_pairs import Doubles, Samples
from toolkit.backends.runtime_import import runtime_module

LEAST_TOP = 1.0
"""The scale ends here at least: nobody sees a ΔE2000 below 1, and what nobody sees stays nearly black."""
_BAR_COLUMNS = 14
_TICK_COLUMNS = 44
_LEAST_BAR_ROWS = 60


def scale_top(differences: Doubles) -> float:
    """Where the scale ends: the least of 1, 2, 5, 10, … that no difference exceeds, so nothing is cut off."""
    largest = max(float(differences.max()), LEAST_TOP)
    decade = 10.0 ** math.floor(math.log10(largest))
    return next(step * decade for step in (1.0, 2.0, 5.0, 10.0) if step * decade >= largest)


def in_colours(differences: Doubles, top: float) -> Samples:
    """A map H×W, in ΔE2000, as colours: uint8, H×W×3, R G B.

    Args:
        differences: From 0 on.
        top: What the brightest colour stands for, and everything above it.

    Raises:
        EnvironmentFailed: CTK404 when OpenCV is missing.
    """
    cv2 = runtime_module("cv2", "the error map")
    steps = np.arange(256, dtype=np.uint8).reshape(256, 1)
    table = cv2.applyColorMap(steps, cv2.COLORMAP_INFERNO)[:, 0, ::-1]
    return np.ascontiguousarray(table[np.rint(np.clip(differences / top, 0, 1) * 255).astype(np.intp)])


def map_panel(differences: Doubles, most_side: int, label: str) -> Samples:
    """A map with its scale on the right, under its label.

    Args:
        differences: H×W, ΔE2000.
        most_side: The map is brought to sides of at most so many pixels.
        label: Text above it.

    Raises:
        EnvironmentFailed: CTK404 when OpenCV is missing.
    """
    top = scale_top(differences)
    colours = in_colours(scaled_map(differences, most_side), top)
    bar = _bar(max(colours.shape[0], _LEAST_BAR_ROWS), top)
    return labelled(side_by_side([colours, bar])[GAP:-GAP, GAP:-GAP], label)


def _bar(rows: int, top: float) -> Samples:
    """The scale: from 0 below to its end above, with three ticks."""
    bar = np.full((rows, _BAR_COLUMNS + _TICK_COLUMNS, 3), 255, np.uint8)
    bar[:, :_BAR_COLUMNS] = in_colours(np.linspace(top, 0, rows)[:, np.newaxis], top)
    places = ((-2, top), (rows // 2 - 8, top / 2), (rows - 17, 0.0))
    return written(bar, [(_BAR_COLUMNS + 4, row, f"{value:g}") for row, value in places])
