"""Whether a ratio is still on its way while launches go on.

An arm that is not in its steady state makes the ratio another one in the first half of each launch than in its second,
in all launches alike. So the change is taken as one value per launch, and Student's t is over launches, the replication
unit (benchmark_method.md §2). That shows what no single launch can: with the 40 samples of a default launch, let alone
the 12 of a large network, the errors of its two halves are hardly known. What both arms share, a host that drifts or an
equal warm-up, is taken out by pairing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.student_t import MeanInterval, mean_interval


def change(differences: Sequence[NDArray[np.float64]]) -> MeanInterval | None:
    """Mean over launches of the second half's mean less the first half's, with its 95 % interval.

    A middle round belongs to neither half.

    Args:
        differences: By launch, float64 log ratios of its rounds in their order, as `paired.paired_differences` gives.

    Returns:
        In logarithms; None for fewer than two launches of at least two rounds, which cannot be asked.
    """
    halves = [(launch, len(launch) // 2) for launch in differences if len(launch) >= 2]
    if len(halves) < 2:
        return None
    return mean_interval(np.array([launch[-half:].mean() - launch[:half].mean() for launch, half in halves]))
