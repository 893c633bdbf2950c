"""Difference of the ab planes that two networks give, at the picture's size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.image_quality.picture_pairs import row_blocks
from toolkit.presets.bilinear import along, taps
from toolkit.presets.checks import checked_output


def ab_rmse(
    reference: NDArray[Any], candidate: NDArray[Any], height: int | None = None, width: int | None = None
) -> float:
    """Root of the mean squared difference over all elements of both planes, in units of a and b.

    Unlike ΔE2000, it also counts what is lost where a colour is outside the sRGB gamut.

    Args:
        reference: 1×2×h×w.
        candidate: 1×2×h×w; the sizes may differ.
        height: Of the picture: both are brought to it first, by half-pixel bilinear as in the preset `exact`.
            The reference's own by default.
        width: As `height`.

    Raises:
        BadInput: CTK508 when a shape is another, CTK519 when a value is not finite.
    """
    planes = [checked_output(output, "ab").astype(np.float64) for output in (reference, candidate)]
    height, width = height or planes[0].shape[1], width or planes[0].shape[2]
    wide = [along(plane, taps(plane.shape[2], width), axis=2) for plane in planes]
    total = 0.0
    for rows in row_blocks((height, width)):
        one, other = (along(p, taps(p.shape[1], height, rows.start, rows.stop), axis=1) for p in wide)
        total += float(((one - other) ** 2).sum())
    return math.sqrt(total / (2 * height * width))
