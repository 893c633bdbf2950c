"""The median of one arm, with an interval over its launches (benchmark_method.md §2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.intervals import Interval, from_logarithms, half_width
from benchmarks.stats.order_statistics import median_interval
from benchmarks.stats.student_t import mean_interval
from toolkit.errors import Inconclusive


@dataclass(frozen=True, slots=True)
class Median:
    """A median, in the unit of its samples.

    Attributes:
        median: Median of all samples of all launches.
        ci95: Its interval over launches; None for a single launch, or where a launch's median is not positive.
        cross_check: Exact order-statistic interval over launches; None for fewer than 6 of them.
        n_launches: Launches with a sample.
        n: Samples.
    """

    median: float
    ci95: Interval | None
    cross_check: Interval | None
    n_launches: int
    n: int

    @property
    def half_width(self) -> float | None:
        """Half of the width of `ci95` as a fraction of its middle."""
        return None if self.ci95 is None else half_width(self.ci95)


def median_over_launches(launches: Sequence[NDArray[np.int64]] | Sequence[NDArray[np.float64]]) -> Median:
    """The median of one arm.

    The interval is Student's t over the logarithms of the launches' own medians. Where launches fall into two
    groups, the median of all samples may lie outside it; it is then widened up to that median.

    Args:
        launches: By launch, all its samples after the warm-up; launches without any count nothing.

    Raises:
        Inconclusive: CTK301 for no sample.
    """
    kept = [np.asarray(launch, np.float64) for launch in launches if len(launch)]
    if not kept:
        raise Inconclusive("CTK301", "nothing was measured: no iteration was timed")
    samples = np.concatenate(kept)
    medians = np.array([np.median(launch) for launch in kept])
    median = float(np.median(samples))
    return Median(
        median=median,
        ci95=_interval(medians, median),
        cross_check=median_interval(medians),
        n_launches=len(kept),
        n=len(samples),
    )


def _interval(medians: NDArray[np.float64], median: float) -> Interval | None:
    if (medians <= 0).any():
        return None
    found = mean_interval(np.log(medians))
    if found.half is None:
        return None
    low, high = from_logarithms(found.mean, found.half)
    return min(low, median), max(high, median)
