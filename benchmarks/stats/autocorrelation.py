"""How much neighbouring samples tell about each other (benchmark_method.md §3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Above this, the samples are worth clearly fewer than their number, and a warning is due.
WARN_ABOVE = 0.2
# Of n pairs of independent samples it scatters by 1 / sqrt(n); with fewer than these it is next to nothing.
LEAST_PAIRS = 10


def lag1(blocks: Sequence[NDArray[np.int64]] | Sequence[NDArray[np.float64]]) -> float | None:
    """Autocorrelation of neighbouring samples, 0 for independent ones, always within -1 and 1.

    It is the sum of ``(x[i] - m)(x[i+1] - m)`` over all neighbours, over the root of the product of the sums of
    squares of either side, ``(x[i] - m)²`` and ``(x[i+1] - m)²`` (which bounds it by Cauchy and Schwarz); m is the mean of
    all samples, so that a change from block to block counts too. The last sample of a block and the first of the next are
    no neighbours: other arms ran between them.

    Args:
        blocks: The blocks of one launch, in their order; a single series is ``[series]``.

    Returns:
        None for fewer than `LEAST_PAIRS` neighbours, or where all samples are equal.
    """
    kept = [np.asarray(block, np.float64) for block in blocks if len(block)]
    if sum(len(block) - 1 for block in kept) < LEAST_PAIRS:
        return None
    mean = np.concatenate(kept).mean()
    first = np.concatenate([block[:-1] for block in kept]) - mean
    second = np.concatenate([block[1:] for block in kept]) - mean
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    if scale == 0:
        return None
    # Rounding may exceed the bound by one part in 1e16.
    return min(max(float((first * second).sum()) / scale, -1.0), 1.0)
