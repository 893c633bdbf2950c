"""Percentiles only where the number of samples carries them (benchmark_method.md §3).

MLPerf LoadGen's early stopping (loadgen/early_stopping.cc, results.cc; mlcommons/inference#1629): with n = h + t
samples of which t lie above a bound, the bound is at least the true percentile p unless
``P[Binomial(h + t, 1 - p) <= t] = I_p(h, t + 1)``, the regularised incomplete beta, is larger than 1 - confidence.
LoadGen starts at t = 1 with a confidence of 0.99.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.99


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile in the unit of its samples; either both figures, or `needs_n`.

    Attributes:
        value: NumPy's interpolated percentile; at the least n it is below the true one more often than not.
        upper_bound: LoadGen's estimate: at least the true percentile, at 99 % confidence.
        needs_n: How many samples it would take, where there are fewer.
    """

    value: float | None
    upper_bound: float | None
    needs_n: int | None


def percentile(
    samples: NDArray[np.int64] | NDArray[np.float64], p: float, confidence: float = CONFIDENCE
) -> Percentile:
    """A percentile of samples, or how many it would take.

    Args:
        samples: n, taken as independent: where `autocorrelation.lag1` is above 0.2 they are worth fewer.
        p: Between 0 and 1, such as 0.99.
        confidence: Of the upper bound.
    """
    n, floor = len(samples), least_n(p, confidence)
    if n < floor:
        return Percentile(None, None, floor)
    above = largest_t(n, p, confidence)
    bound = np.partition(samples, n - above)[n - above]
    return Percentile(float(np.percentile(samples, 100 * p)), float(bound), None)


@lru_cache(maxsize=64)
def least_n(p: float, confidence: float = CONFIDENCE, t: int = 1) -> int:
    """The least number of samples that carries a percentile: ``I_p(n - t, t + 1) <= 1 - confidence``.

    Args:
        p: Between 0 and 1.
        confidence: Of the bound.
        t: How many samples above the bound are allowed for; LoadGen starts at 1.
    """
    low, high = t, 2 * t + 1  # `low` is too few, since with h = 0 the probability is 1
    while _unsure(high, t, p) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _unsure(middle, t, p) > 1 - confidence else (low, middle)
    return high


def largest_t(n: int, p: float, confidence: float = CONFIDENCE) -> int:
    """LoadGen's t for n samples: the largest for which n is enough; its estimate is index ``n - t`` in rising order.

    That is the t-th largest sample, one more than the bound needs: the (t + 1)-th would do.

    Returns:
        0 where n is not enough for t = 1.
    """
    low, high = 0, n  # `high` is too many: h would be 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _unsure(n, middle, p) <= 1 - confidence else (low, middle)
    return low


def _unsure(n: int, t: int, p: float) -> float:
    """``P[Binomial(n, 1 - p) <= t]``: it falls with n and rises with t."""
    from scipy.special import betainc

    return float(betainc(n - t, t + 1, p))
