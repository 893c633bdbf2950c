"""Colourfulness of a picture: Hasler, Süsstrunk 2003, "Measuring colourfulness in natural images"."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.image_quality.picture_pairs import Samples, row_blocks
from toolkit.presets.checks import refuse_no_picture


def colourfulness(rgb: Samples) -> float:
    """How colourful a picture is: 0 for every grey, about 100 for what people call extremely colourful.

    √(σ²rg + σ²yb) + 0.3 √(μ²rg + μ²yb) with rg = R - G and yb = (R + G) / 2 - B, samples counting to 255, σ
    over all pixels (divided by n).

    Args:
        rgb: uint8, H×W×3, R G B.

    Raises:
        UsageFault: CTK601 when it is no such picture.
    """
    refuse_no_picture(rgb)
    sums, squares = np.zeros(2), np.zeros(2)
    for rows in row_blocks(rgb.shape):
        red, green, blue = np.moveaxis(rgb[rows].astype(np.int64), -1, 0)
        opponents = (red - green, red + green - 2 * blue)  # the second one doubled, so that sums are exact
        sums += [plane.sum() for plane in opponents]
        squares += [(plane * plane).sum() for plane in opponents]
    count, scale = rgb.size / 3, np.array([1.0, 0.5])
    means = sums / count * scale
    variances = np.maximum(squares / count * scale**2 - means**2, 0)
    return math.sqrt(variances.sum()) + 0.3 * math.hypot(*means)
