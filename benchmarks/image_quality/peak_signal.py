"""Mean squared error and PSNR, over all pixels and all three channels."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.image_quality.picture_pairs import Samples, refuse_unequal_sizes, row_blocks

FULL_SCALE = 255


def mean_square(reference: Samples, candidate: Samples) -> float:
    """Mean squared difference of two pictures (uint8, H×W×3), in steps of 8 bits squared, summed exactly.

    Raises:
        UsageFault: CTK601 when one is no picture.
        BadInput: CTK508 when the sizes differ.
    """
    refuse_unequal_sizes(reference, candidate)
    total = 0
    for rows in row_blocks(reference.shape):
        difference = reference[rows].astype(np.int64) - candidate[rows]
        total += int((difference * difference).sum())
    return total / reference.size


def psnr(reference: Samples, candidate: Samples) -> float | None:
    """10 log10(255² / `mean_square`) in dB; None where both are equal. Errors as `mean_square`."""
    square = mean_square(reference, candidate)
    return 10 * math.log10(FULL_SCALE**2 / square) if square else None
