"""Comparison with stored measurements, which no round can pair (benchmark_method.md §11, Baselines)."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.blocks import RoundMedians, log_medians
from benchmarks.stats.intervals import Interval, from_logarithms, reach
from benchmarks.stats.paired import Ratio
from benchmarks.stats.student_t import difference_interval
from toolkit.errors import Inconclusive


def compare_with_stored(stored: RoundMedians, new: RoundMedians, stored_control: Interval | None) -> Ratio:
    """Time of the new launches over that of the stored ones: Welch's t over launches, widened.

    What the host did between the two runs is in no sample. The interval is therefore widened as `widen` says;
    without the stored control there is no interval, and so no verdict.

    Args:
        stored: By launch, medians of the rounds of the stored run.
        new: The same of the new run, in the same unit.
        stored_control: Interval of the control that was stored with it; None where it has none.

    Raises:
        Inconclusive: CTK301 when one side has no sample, or a median that is not positive.
    """
    first, second = _launch_means(stored), _launch_means(new)
    if min(len(first), len(second)) == 0:
        raise Inconclusive("CTK301", "nothing was compared: one of the two runs has no sample")
    found = difference_interval(first, second)
    interval = None
    if found.half is not None and stored_control is not None:
        interval = from_logarithms(found.mean, found.half)
    ratio = Ratio(exp(found.mean), interval, None, min(len(first), len(second)), _rounds(new))
    return ratio if stored_control is None else widen(ratio, stored_control)


def widen(ratio: Ratio, control: Interval) -> Ratio:
    """The ratio with its interval widened on both sides by the reach of a control.

    The reach is how far from 1 the control's interval gets: what a model against itself may have differed by in
    that run. It is added in logarithms as it is, not in quadrature: nothing says that the host's state errs
    independently of the launches, and the sum holds however the two errors go together.
    """
    if ratio.ci95 is None:
        return ratio
    more = reach(control)
    low, high = log(ratio.ci95[0]) - more, log(ratio.ci95[1]) + more
    return replace(ratio, ci95=(exp(low), exp(high)))


def _launch_means(medians: RoundMedians) -> NDArray[np.float64]:
    kept = [launch[~np.isnan(launch)] for launch in log_medians(medians)]
    return np.array([launch.mean() for launch in kept if len(launch)])


def _rounds(medians: RoundMedians) -> int:
    return sum(int((~np.isnan(launch)).sum()) for launch in medians)
