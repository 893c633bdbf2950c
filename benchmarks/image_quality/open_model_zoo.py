"""PSNR and SSIM as Open Model Zoo's accuracy_checker defines them; neither is what the names usually mean.

Its figures for colorization networks are in these definitions (science.md §2.6). Both hardly see colour: the
prediction has the L of the truth, and a weighted, signed sum over R, G, B is what the PSNR squares. Truth
(100, 150, 50) against (100, 135, 127) everywhere gives 80.8 dB, at a ΔE2000 of 22.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np

from benchmarks.image_quality.peak_signal import FULL_SCALE
from benchmarks.image_quality.picture_pairs import Samples, refuse_unequal_sizes, row_blocks

Order: TypeAlias = Literal["rgb", "bgr"]

BORDER = 4
"""Pixels cut off at each side: `scale_border`, by default."""

# accuracy_checker, metrics/regression.py, PeakSignalToNoiseRatio: luma of BT.601 in studio range; their sum is 219.859.
_LUMA_256 = (65.738, 129.057, 25.064)
_C1, _C2 = (0.01 * FULL_SCALE) ** 2, (0.03 * FULL_SCALE) ** 2


def omz_psnr(
    reference: Samples, candidate: Samples, *, border: int = BORDER, order: Order = "rgb"
) -> float | None:
    """Open Model Zoo's PSNR: of the difference in luma, without the border.

    Args:
        reference: uint8, H×W×3, R G B.
        candidate: Another one of the same size.
        border: Pixels cut off at each side.
        order: Which channel the weight of R falls on. The zoo's own run of the colorization networks has
            B G R pictures and the default ``rgb``, which makes it ``bgr`` here.

    Returns:
        In dB; None where nothing differs in luma (so also for pictures that differ), or the border is all.

    Raises:
        UsageFault: CTK601 when one is no picture.
        BadInput: CTK508 when the sizes differ.
    """
    refuse_unequal_sizes(reference, candidate)
    height, width, _ = reference.shape
    inside = np.s_[border : height - border, border : width - border]
    one, other = reference[inside], candidate[inside]
    weights = np.array(_LUMA_256 if order == "rgb" else _LUMA_256[::-1]) / 256 / FULL_SCALE
    total = 0.0
    for rows in row_blocks(one.shape):
        luma = (one[rows].astype(np.float64) - other[rows]) @ weights
        total += float((luma * luma).sum())
    return -10 * math.log10(total / (one.size / 3)) if total else None


def omz_ssim(reference: Samples, candidate: Samples) -> float:
    """Open Model Zoo's SSIM: one mean, variance and covariance over all pixels and channels, no window.

    Args:
        reference: uint8, H×W×3; the order of the channels does not matter.
        candidate: Another one of the same size.

    Raises:
        UsageFault: CTK601 when one is no picture.
        BadInput: CTK508 when the sizes differ.
    """
    refuse_unequal_sizes(reference, candidate)
    sums = np.zeros(5)
    for rows in row_blocks(reference.shape):
        x, y = reference[rows].astype(np.int64), candidate[rows].astype(np.int64)
        sums += [x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()]  # exact below 2^53
    x_mean, y_mean, x_square, y_square, product = sums / reference.size
    covariance = product - x_mean * y_mean
    variances = x_square - x_mean**2 + y_square - y_mean**2
    alike = (2 * x_mean * y_mean + _C1) * (2 * covariance + _C2)
    return float(alike / ((x_mean**2 + y_mean**2 + _C1) * (variances + _C2)))
