"""The samples of an arm as the harness gives them: launches of rounds, each a block of iterations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import Inconclusive

# By launch and round: int64 nanoseconds of the iterations of one block.
Blocks: TypeAlias = Sequence[Sequence[NDArray[np.int64]]]
# By launch: float64 medians of its rounds, in any one unit; NaN for a round without a sample.
RoundMedians: TypeAlias = Sequence[NDArray[np.float64]]


def round_medians(blocks: Blocks) -> list[NDArray[np.float64]]:
    """The median of every block, in nanoseconds; NaN for a block without a sample (warming, or interrupted)."""
    return [
        np.array([np.median(block) if len(block) else np.nan for block in launch], np.float64)
        for launch in blocks
    ]


def log_medians(medians: RoundMedians) -> list[NDArray[np.float64]]:
    """Logarithms of the medians of the rounds, by launch; NaN stays NaN.

    Raises:
        Inconclusive: CTK301 for a median that is not positive, of which there is no ratio.
    """
    if any((launch <= 0).any() for launch in medians):
        raise Inconclusive(
            "CTK301",
            "nothing can be compared: the median of a round is 0 ns",
            notes=["the stage is shorter than the clock can tell; compare the total, or a stage that works"],
        )
    return [np.log(launch) for launch in medians]
