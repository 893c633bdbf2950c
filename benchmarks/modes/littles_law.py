"""Little's law, L = λW, as a check of a throughput measurement.

L, the mean number of inferences in flight, is an integral over the whole window; λ and W come from the inferences
that ended in it. In a stationary system the two agree but for what the window's ends cut off. Where they do not,
the window is too short, the load drifted, or the stamps are wrong.
(J. D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations Research 9 (3), 1961.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import Inconclusive

TOLERANCE = 0.05
# With more to allow than this (fewer than 5 inferences of each slot) the check would check nothing.
MOST_ALLOWED = 0.25


@dataclass(frozen=True, slots=True)
class Little:
    """The three figures of the law.

    Attributes:
        n: Inferences that ended in the window.
        in_flight: L, their mean number at a time.
        per_s: λ, how many ended a second.
        residence_s: W, the mean time of one.
        allowed: How far λW / L may be from 1: `TOLERANCE` and what the ends of the window can cut off.
    """

    n: int
    in_flight: float
    per_s: float
    residence_s: float
    allowed: float

    @property
    def ratio(self) -> float:
        """λW / L; 1 where the law holds."""
        return self.per_s * self.residence_s / self.in_flight

    @property
    def state(self) -> str:
        """``holds`` where the ratio is 1 as nearly as it must be, ``cannot tell`` where that is next to nothing."""
        if self.allowed > MOST_ALLOWED:
            return "cannot tell"
        return "holds" if abs(self.ratio - 1) <= self.allowed else "does not hold"

    def line(self) -> str:
        """The check in one line."""
        return (
            f"Little's law: L = {self.in_flight:.3g} in flight, λW = {self.per_s:.4g}/s × "
            f"{self.residence_s * 1e3:.4g} ms = {self.per_s * self.residence_s:.3g}, ratio {self.ratio:.3f}: "
            f"{self.state} (allowed: {self.allowed:.0%}, {self.n} inferences)"
        )


def little(spans_ns: NDArray[np.int64], window_ns: tuple[int, int]) -> Little:
    """The figures of the law over a window.

    Args:
        spans_ns: int64, n×2, begin and end of every inference, those around the window too.
        window_ns: Begin and end of the window.

    Raises:
        Inconclusive: CTK301 when none ended in it.
    """
    first, last = window_ns
    ended = (spans_ns[:, 1] > first) & (spans_ns[:, 1] <= last)
    n = int(ended.sum())
    if n == 0:
        raise Inconclusive("CTK301", "nothing was measured: no inference ended in the window")
    seconds = (last - first) / 1e9
    inside = np.clip(spans_ns, first, last)
    in_flight = float((inside[:, 1] - inside[:, 0]).sum()) / (last - first)
    residence = float((spans_ns[ended, 1] - spans_ns[ended, 0]).mean()) / 1e9
    return Little(n, in_flight, n / seconds, residence, TOLERANCE + in_flight / n)
