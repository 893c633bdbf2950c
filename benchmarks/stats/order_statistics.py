"""Exact interval of a median from order statistics: the printed cross-check (benchmark_method.md §2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.intervals import CONFIDENCE, Interval


def median_interval(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> Interval | None:
    """The narrowest pair of values, equally far from both ends, that holds the median often enough.

    The number of values below the true median is Binomial(n, 1/2) whatever the distribution, so the k-th smallest
    and the k-th largest value enclose it with a probability of ``1 - 2 P[Binomial(n, 1/2) <= k - 1]`` at least.

    Args:
        values: float64, n, independent.
        confidence: How often the interval shall hold the true median, at least.

    Returns:
        None where even the least and the largest value do not: below n = 6 at 95 %.
    """
    from scipy.special import bdtr

    n = len(values)
    ranks = np.arange(1, n // 2 + 1)  # k
    enough = ranks[2 * bdtr(ranks - 1, n, 0.5) <= 1 - confidence]
    if len(enough) == 0:
        return None
    rank = int(enough[-1])
    ordered = np.sort(values)
    return float(ordered[rank - 1]), float(ordered[n - rank])
