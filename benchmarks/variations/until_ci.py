"""``--until ci=1%``: launches are added until the intervals are narrow enough, or there are too many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.arm import Arm
from benchmarks.harness.comparing import COMPARED, blocks_of, comparisons
from benchmarks.harness.measuring import measure
from benchmarks.harness.plan import Plan
from benchmarks.harness.progress import Listener
from benchmarks.harness.samples import ArmSamples, Launch, Measurement
from benchmarks.stats.intervals import half_width
from benchmarks.stats.medians import median_over_launches
from benchmarks.stats.until import DEFAULT_CAP, LEAST_LAUNCHES, Until, until
from toolkit.errors import Inconclusive, UsageFault

_FORM = re.compile(r"ci=(\d{1,3}(?:\.\d{1,6})?)%")
# A batch of launches draws its orders and pictures with a seed of its own.
_SEEDS_APART = 1_000_003


def parse_until(text: str) -> float:
    """The half-width that ``ci=1%`` means, as a fraction.

    Raises:
        UsageFault: CTK601 for anything else, or for less than 0.01 % or more than 50 %.
    """
    found = _FORM.fullmatch(text.replace(" ", ""))
    percent = float(found[1]) if found else 0.0
    if not 0.01 <= percent <= 50:
        raise UsageFault(
            "CTK601", f"measuring cannot go on until {text!r}", notes=["such as --until ci=1%, 0.01 to 50 %"]
        )
    return percent / 100


def measure_until(
    arms: Sequence[Arm],
    plan: Plan,
    pictures: Sequence[Path],
    target: float,
    *,
    cap: int = DEFAULT_CAP,
    progress: Listener | None = None,
    controlled: Arm | None = None,
) -> tuple[Measurement, Until]:
    """As `measure`, with as many launches as it takes.

    The budget of the plan holds for its own number of launches; each further launch may cost as much.

    Args:
        arms: As `measure`.
        plan: As `measure`; at least 10 launches are made, whatever it says, and at least its own number.
        pictures: As `measure`.
        target: Half-width, such as 0.01, that every interval must reach: those of all comparisons, or with a
            single arm those of its medians, of `infer` and of the total.
        cap: Launches at most, at least 10; the plan's own number where that is larger.
        progress: As `measure`.
        controlled: As `measure`.

    Returns:
        All samples, and whether the target was reached.

    Raises:
        UsageFault: As `measure`, and CTK601 for a cap below 10 or a quick plan.
    """
    if cap < LEAST_LAUNCHES:
        raise UsageFault("CTK601", f"intervals take at least {LEAST_LAUNCHES} launches, and the cap is {cap}")
    if plan.quick:
        raise UsageFault(
            "CTK601", "a quick run has one launch, so no interval: leave out one of --quick and --until"
        )
    each_s = plan.budget_s / plan.launches
    cap = max(cap, plan.launches)
    wanted = max(plan.launches, LEAST_LAUNCHES)
    found: Measurement | None = None
    while True:
        batch = replace(plan, launches=wanted, budget_s=each_s * wanted, seed=_seed(plan, found))
        more = measure(arms, batch, pictures, progress, controlled=controlled)
        found = more if found is None else joined(found, more)
        state = until(half_widths(found, plan.margin), launches_of(found), target, cap)
        if found.interrupted or state.more_launches < 1 or not _good(found):
            return found, state
        wanted = state.more_launches
        failed = {name for name, samples in found.samples.items() if samples.failure is not None}
        arms = [arm for arm in arms if arm.name not in failed]
        controlled = None if controlled is None or controlled.name in failed else controlled


def launches_of(found: Measurement) -> int:
    """Launches in which every arm that succeeded was measured."""
    return min((sum(bool(one.measured) for one in s.launches) for s in _good(found)), default=0)


def half_widths(found: Measurement, margin: float) -> list[float | None]:
    """Of every interval that must get narrow; see `measure_until`."""
    compared = comparisons(found, margin)
    if compared:
        return [None if one.ci95 is None else half_width(one.ci95) for one in compared]
    widths: list[float | None] = []
    for samples in _good(found)[:1]:
        for stage in COMPARED:
            try:
                over = median_over_launches([_flat(launch) for launch in blocks_of(samples, stage)])
            except Inconclusive:
                widths.append(None)
                continue
            widths.append(over.half_width)
    return widths


def joined(first: Measurement, second: Measurement) -> Measurement:
    """Both measurements as one, the launches of the second behind those of the first."""
    offset = max((one.number + 1 for s in first.samples.values() for one in s.launches), default=0)
    for name, samples in second.samples.items():
        if name not in first.samples:
            continue
        known = first.samples[name]
        known.launches += [_renumbered(launch, offset) for launch in samples.launches]
        known.failure = known.failure or samples.failure
    if first.control is not None and second.control != first.control:
        first.samples.pop(first.control[1], None)
        first.control = None
    first.order += second.order
    first.iterations = min(first.iterations, second.iterations or first.iterations)
    first.interrupted = second.interrupted
    first.control_failure = first.control_failure or second.control_failure
    first.seconds += second.seconds
    return first


def _good(found: Measurement) -> list[ArmSamples]:
    return [one for one in found.subjects if one.failure is None]


def _flat(launch: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(launch) if launch else np.empty(0, np.int64)


def _renumbered(launch: Launch, offset: int) -> Launch:
    launch.number += offset
    return launch


def _seed(plan: Plan, found: Measurement | None) -> int:
    return plan.seed if found is None else plan.seed + _SEEDS_APART * len(found.order)
