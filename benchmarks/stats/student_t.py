"""Student's t interval of a mean: the default of every comparison (benchmark_method.md §2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.intervals import CONFIDENCE


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean and half of the width of its interval; None for the width where one value gives no interval."""

    mean: float
    half: float | None


def quantile(freedom: float, confidence: float = CONFIDENCE) -> float:
    """The two-sided quantile of Student's t with `freedom` degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))


def mean_interval(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> MeanInterval:
    """The mean of independent values and its interval ``t(n - 1) s / sqrt(n)``.

    Args:
        values: float64, n >= 1; here always one value per launch, since launches are the replication unit.
        confidence: How often the interval shall hold the true mean.
    """
    n = len(values)
    if n < 2:
        return MeanInterval(float(values.mean()), None)
    error = float(values.std(ddof=1)) / n**0.5
    return MeanInterval(float(values.mean()), quantile(n - 1, confidence) * error)


def difference_interval(
    first: NDArray[np.float64], second: NDArray[np.float64], confidence: float = CONFIDENCE
) -> MeanInterval:
    """Mean of `second` less mean of `first`, unpaired, by Welch's t with Satterthwaite's degrees of freedom.

    Args:
        first: float64, n >= 1, one value per launch.
        second: float64, m >= 1.
        confidence: How often the interval shall hold the true difference.
    """
    difference = float(second.mean() - first.mean())
    if min(len(first), len(second)) < 2:
        return MeanInterval(difference, None)
    squares = [float(values.var(ddof=1)) / len(values) for values in (first, second)]
    if sum(squares) == 0:
        return MeanInterval(difference, 0.0)
    freedom = sum(squares) ** 2 / (squares[0] ** 2 / (len(first) - 1) + squares[1] ** 2 / (len(second) - 1))
    return MeanInterval(difference, quantile(freedom, confidence) * sum(squares) ** 0.5)
