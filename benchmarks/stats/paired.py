"""Two arms compared round by round (benchmark_method.md §2).

In a round both arms run one block, in a random order. A slow change of the host moves both blocks alike, so the
difference of their log medians is free of it. Rounds of one launch share what is drawn once per process (memory
layout, page placement, cores), so the interval is Student's t over the means of the launches, not over rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.blocks import Blocks, RoundMedians, log_medians, round_medians
from benchmarks.stats.intervals import Interval, from_logarithms, half_width
from benchmarks.stats.order_statistics import median_interval
from benchmarks.stats.settling import change
from benchmarks.stats.student_t import mean_interval
from toolkit.errors import Inconclusive


@dataclass(frozen=True, slots=True)
class Ratio:
    """Time of one arm over time of another.

    Attributes:
        ratio: The estimate; above 1 the second arm is slower.
        ci95: Student's t over launches; None for a single launch, which gives figures and never a verdict.
        cross_check: Exact interval of the median of the rounds; None for fewer than 6 rounds, or unpaired arms.
            It takes the rounds as independent, so where launches differ much it is the narrower one.
        n_launches: Launches that the interval is over.
        n_rounds: Rounds in them.
        change: The ratio in the second half of each launch over that in its first (`settling.change`); None where that
            cannot be asked, and for unpaired arms.
        change_ci95: Student's t over launches.
    """

    ratio: float
    ci95: Interval | None
    cross_check: Interval | None
    n_launches: int
    n_rounds: int
    change: float | None = None
    change_ci95: Interval | None = None

    @property
    def half_width(self) -> float | None:
        """Half of the width of `ci95` as a fraction: the smallest difference that was resolved."""
        return None if self.ci95 is None else half_width(self.ci95)

    @property
    def moves(self) -> bool:
        """Whether the ratio changes within launches by more than chance makes it."""
        return self.change_ci95 is not None and not self.change_ci95[0] <= 1 <= self.change_ci95[1]

    @property
    def steady_ci95(self) -> Interval | None:
        """`ci95`, and where the ratio moves, wider on both sides by as much as it changes.

        An arm that falls linearly ends half a change away from its mean, and one that decays to 1/e of its excess in half
        a launch settles a whole change away.
        """
        if self.ci95 is None or self.change is None or not self.moves:
            return self.ci95
        by = exp(abs(log(self.change)))
        return self.ci95[0] / by, self.ci95[1] * by


def still_moving(change: float) -> str:
    """What is said of a ratio that is not settled, and what helps.

    Args:
        change: As `Ratio.change`.
    """
    return (
        f"the ratio changes by {change - 1:+.1%} from the first half of each launch to its second: "
        "an arm is not in its steady state; longer launches help (--rounds, --iterations)"
    )


def compare(a: Blocks, b: Blocks) -> Ratio:
    """Time of arm `b` over arm `a`, paired by launch and round.

    Args:
        a: Samples of the first arm.
        b: Samples of the second arm, measured in the same rounds. Rounds that one of them lacks are left out.

    Raises:
        Inconclusive: CTK301 when no round has samples of both, or the clock stood still in one.
    """
    return compare_medians(round_medians(a), round_medians(b))


def compare_medians(a: RoundMedians, b: RoundMedians) -> Ratio:
    """As `compare`, from the medians of the rounds in any one unit (``rounds_ms`` of a document)."""
    return ratio_of(paired_differences(a, b))


def per_picture(found: Ratio, batches: tuple[int, int]) -> Ratio:
    """The ratio of the times of one picture, from that of whole inferences: ``log batch`` is taken from both sides.

    Args:
        found: Time of an inference of the second arm over that of the first.
        batches: Pictures in one inference of the first arm and of the second.
    """
    first, second = batches
    if first == second:
        return found
    factor = first / second
    return replace(
        found,
        ratio=found.ratio * factor,
        ci95=_scaled(found.ci95, factor),
        cross_check=_scaled(found.cross_check, factor),
    )


def _scaled(interval: Interval | None, factor: float) -> Interval | None:
    return None if interval is None else (interval[0] * factor, interval[1] * factor)


def paired_differences(a: RoundMedians, b: RoundMedians) -> list[NDArray[np.float64]]:
    """``d = log median b - log median a`` of every round that has both, by launch; launches without any left out."""
    differences = []
    for first, second in zip(log_medians(a), log_medians(b), strict=False):
        n = min(len(first), len(second))
        paired = second[:n] - first[:n]
        differences.append(paired[~np.isnan(paired)])
    return [launch for launch in differences if len(launch)]


def ratio_of(differences: Sequence[NDArray[np.float64]]) -> Ratio:
    """The ratio behind differences of log medians.

    Args:
        differences: By launch, float64 of its rounds, one at least.

    Raises:
        Inconclusive: CTK301 for no launch.
    """
    if not differences:
        raise Inconclusive("CTK301", "nothing was compared: no round has samples of both arms")
    launches = np.array([launch.mean() for launch in differences])
    rounds = np.concatenate(differences)
    found = mean_interval(launches)
    check = median_interval(rounds)
    changed = change(differences)
    return Ratio(
        ratio=exp(found.mean),
        ci95=None if found.half is None else from_logarithms(found.mean, found.half),
        cross_check=None if check is None else (exp(check[0]), exp(check[1])),
        n_launches=len(launches),
        n_rounds=len(rounds),
        change=None if changed is None else exp(changed.mean),
        change_ci95=None
        if changed is None or changed.half is None
        else from_logarithms(changed.mean, changed.half),
    )
