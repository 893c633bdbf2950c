"""Whether what is measured still changes while launches go on, in all of them alike.

A warm-up recurs in every fresh process; a host that drifts does not, and goes up as often as down. So the change from
the first half of a launch to its second is taken as one value per launch, and Student's t over launches tells the two
apart (launches are the replication unit, benchmark_method.md §2). This sees what no single launch can: of 12 samples,
the least that `ctk bench` takes, the errors of one launch are unknown, and five launches that all fall are not chance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.student_t import mean_interval

# Two-sided, for ratios: a steady pair is held to move in 1 of 100 runs. At 99.73 %, a tenth of the runs with an arm that
# gets 30 % faster within its launches still end with a wrong verdict; at 99 %, 2 in 100 (`settling_simulations`).
RATIO_CONFIDENCE = 0.99
# Two-sided: as often as a normal value lies within 3 standard errors, as for a single launch (benchmark_method.md §5).
# It is more than for a ratio, since a host that gets faster from the begin of a run to its end is not paired away here.
FALL_CONFIDENCE = 0.9973
# What equal launches differ by in float64 logarithms.
_ROUNDING = 1e-12


def moves(differences: Sequence[NDArray[np.float64]]) -> bool:
    """Whether a ratio is another one in the second half of launches than in their first.

    Then one of its two arms was not in its steady state, and what is found depends on how long one measures. What
    both arms share, a drift of the host or an equal warm-up, is no part of it.

    Args:
        differences: By launch, float64 log ratios of its rounds in their order, as `paired.paired_differences` gives.
    """
    found = mean_change(differences, RATIO_CONFIDENCE)
    return found is not None and abs(found[0]) > found[1]


def falls_alike(logarithms: Sequence[NDArray[np.float64]]) -> bool:
    """Whether an arm gets faster from the first half of its launches to the second, more than chance makes it.

    Args:
        logarithms: By launch, float64 logarithms of the medians of its rounds in their order.
    """
    found = mean_change(logarithms, FALL_CONFIDENCE)
    return found is not None and -found[0] > found[1]


def mean_change(launches: Sequence[NDArray[np.float64]], confidence: float) -> tuple[float, float] | None:
    """Mean over launches of the second half's mean less the first half's, and half of the width of its interval.

    A middle round belongs to neither half. None for fewer than two launches of at least two rounds.
    """
    changes = [
        float(launch[-half:].mean() - launch[:half].mean())
        for launch in launches
        if (half := len(launch) // 2)
    ]
    if len(changes) < 2:
        return None
    found = mean_interval(np.array(changes), confidence)
    assert found.half is not None
    return found.mean, max(found.half, _ROUNDING)
