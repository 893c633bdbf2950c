"""Where the warm-up of a launch ends, and whether it ended at all (benchmark_method.md §5).

The cut is MSER-5 (K. P. White, "An effective truncation heuristic for bias reduction in simulation output",
Simulation 69 (1997); with batches of 5: White, Cobb and Spratt, Winter Simulation Conference 2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.student_t import difference_interval

BATCH = 5
# So few batches agree by chance, a single one always: of stationary launches of 20 samples, 58 % would lose some
# where 2 batches were enough, and none does here; of 40 samples, 48 % and 38 % (simulated, 3 % noise, 2 % spikes).
LEAST_LEFT = 5
# How often a normal value lies within 3 standard errors: what benchmark_method.md §5 asks for where errors are known.
CONFIDENCE = 0.9973


@dataclass(frozen=True, slots=True)
class Warmup:
    """What the samples of one launch say about its warm-up.

    Attributes:
        cut: Leading samples that belong to the warm-up: stored, flagged, and in no figure.
        warm: False where the samples behind the cut still fall; more are wanted then.
    """

    cut: int
    warm: bool


def warmup(samples: NDArray[np.int64] | NDArray[np.float64]) -> Warmup:
    """The warm-up of one launch, from all its samples of one arm in their order.

    Whether a launch is warm is asked of the samples that the figures are made of, those behind the cut: a cut that
    took a start-up away must not be held against the launch, and a fall that no cut can take away must be.
    """
    cut = mser5(samples)
    return Warmup(cut, not falls(samples[cut:]))


def mser5(samples: NDArray[np.int64] | NDArray[np.float64]) -> int:
    """How many leading samples MSER-5 cuts, a multiple of 5 and at most half of them; none of fewer than 30.

    Of the means Y of batches of 5, the cut d minimises ``sum((Y[i] - mean(Y[d:]))², i >= d) / (k - d)²``, the squared
    standard error of the mean that is left. It is searched in the first half only, and where `LEAST_LEFT` batches
    are left: near the end a few batches that happen to agree would always win. Samples behind the last full batch
    have no part in it.
    """
    means = _batches(samples)
    most = min(len(samples) // 2 // BATCH, len(means) - LEAST_LEFT)
    errors = [float(means[d:].var()) / (len(means) - d) for d in range(most + 1)]
    return BATCH * int(np.argmin(errors)) if errors else 0


def falls(samples: NDArray[np.int64] | NDArray[np.float64]) -> bool:
    """Whether the first half's mean is above the second's by more than chance makes it.

    The errors are those of batches of 5, since neighbouring samples are correlated. A half has few batches, so its
    error is known badly: instead of 3 standard errors it takes as many as Student's t asks for at the same
    confidence, by Welch with Satterthwaite's degrees of freedom. Below 20 samples, two batches a half, there is no
    error and nothing is claimed.
    """
    half = len(samples) // 2
    if half < 2 * BATCH:
        return False
    found = difference_interval(_batches(samples[:half]), _batches(samples[half:]), CONFIDENCE)
    return found.half is not None and -found.mean > found.half


def _batches(samples: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    full = len(samples) // BATCH * BATCH
    batches = np.asarray(samples[:full], np.float64).reshape(-1, BATCH)
    return np.asarray(batches.mean(axis=1))
