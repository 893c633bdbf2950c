"""How many launches would decide what these did not (benchmark_method.md §2)."""

from __future__ import annotations

from math import ceil, log1p

# More than anybody measures; a larger need is said as "none would do".
MOST_LAUNCHES = 1000


def launches_needed(n_launches: int, half_width: float, gap: float) -> int | None:
    """``L (half-width / gap)²``: an interval's width falls with the root of the launches.

    The quantile of Student's t falls too, so this is rather too many than too few.

    Args:
        n_launches: Launches that gave the interval.
        half_width: Half of its width, as a fraction.
        gap: Absolute difference of logarithms between the estimate and what the interval must not reach.

    Returns:
        More than `n_launches`; None where more than `MOST_LAUNCHES` would be needed, as where there is no gap.
    """
    if gap <= 0:
        return None
    needed = max(ceil(n_launches * (log1p(half_width) / gap) ** 2), n_launches + 1)
    return needed if needed <= MOST_LAUNCHES else None
