"""How much neighbouring samples tell about each other (benchmark_method.md §3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Above this, the samples are worth clearly fewer than their number, and a warning is due.
WARN_ABOVE = 0.2


def lag1(blocks: Sequence[NDArray[np.int64]] | Sequence[NDArray[np.float64]]) -> float | None:
    """Autocorrelation of neighbouring samples, 0 for independent ones.

    It is the mean of ``(x[i] - m)(x[i+1] - m)`` over neighbours of one block, over the variance; m and the variance
    are those of all samples, so that a change from block to block counts too. The last sample of a block and
    the first of the next are no neighbours: other arms ran between them.

    Args:
        blocks: The blocks of one launch, in their order; a single series is ``[series]``.

    Returns:
        None where no two samples are neighbours, or all are equal.
    """
    kept = [np.asarray(block, np.float64) for block in blocks if len(block)]
    if not kept:
        return None
    samples = np.concatenate(kept)
    variance = float(samples.var())
    centred = [block - samples.mean() for block in kept]
    products = np.concatenate([block[:-1] * block[1:] for block in centred])
    if len(products) == 0 or variance == 0:
        return None
    return float(products.mean()) / variance
