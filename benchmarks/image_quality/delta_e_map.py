"""CIEDE2000 difference of two pictures, pixel by pixel."""

from __future__ import annotations

import numpy as np

from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.image_quality.picture_pairs import Doubles, Samples, refuse_unequal_sizes, row_blocks
from toolkit.colour.lab import srgb_to_lab


def ciede2000(one: Doubles, other: Doubles) -> Doubles:
    """ΔE2000 of Lab colours, (..., 3) float64 to (...); kL = kC = kH = 1 (Sharma, Wu, Dalal 2005)."""
    from skimage.color import deltaE_ciede2000

    found: Doubles = deltaE_ciede2000(one, other)  # type: ignore[no-untyped-call]  # not annotated there
    return found


def delta_e_map(reference: Samples, candidate: Samples) -> Doubles:
    """ΔE2000 of every pixel, in the Lab of the preset `exact`: H×W, float64.

    Args:
        reference: uint8, H×W×3, R G B.
        candidate: Another one of the same size.

    Raises:
        UsageFault: CTK601 when one is no picture.
        BadInput: CTK508 when the sizes differ.
    """
    refuse_unequal_sizes(reference, candidate)
    found = np.zeros(reference.shape[:2])
    for rows in row_blocks(reference.shape):
        # Equal pixels are most of them where two runtimes agree, and their difference is 0 without a formula.
        differ = (reference[rows] != candidate[rows]).any(axis=-1)
        # n×1×3, not n×3: for that NumPy's product starts the threads of BLAS, which burn more than they save.
        one, other = (picture[rows][differ][:, None] / 255.0 for picture in (reference, candidate))
        found[rows][differ] = ciede2000(srgb_to_lab(one), srgb_to_lab(other))[:, 0]
    return found


def summary(differences: Doubles) -> DeltaE2000:
    """Mean, 95th percentile and maximum of a map of `delta_e_map`."""
    return DeltaE2000(
        mean=float(differences.mean()),
        p95=float(np.percentile(differences, 95)),
        max=float(differences.max()),
    )
