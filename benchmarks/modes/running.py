"""Measures several arms in one mode beside latency."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.arm import Arm, refuse_unmeasurable
from benchmarks.harness.progress import Listener, Progress
from benchmarks.harness.schedule import drawn_order
from benchmarks.modes.cold import measure_cold
from benchmarks.modes.mode_plan import ModePlan
from benchmarks.modes.mode_process import ModeProcess
from benchmarks.modes.mode_samples import ModeLaunch, ModeMeasurement, ModeSamples
from benchmarks.modes.stream import measure_stream
from benchmarks.modes.throughput import measure_throughput
from toolkit.errors import CtkError


def measure_mode(
    arms: Sequence[Arm], plan: ModePlan, pictures: Sequence[Path], progress: Listener | None = None
) -> ModeMeasurement:
    """Measures all arms, one process at a time, in an order that is drawn anew for every launch.

    Args:
        arms: What to measure, with different names.
        plan: How much, and in which mode.
        pictures: Picture files that can be decoded, one at least.
        progress: Told before every launch.

    Returns:
        All samples. After Ctrl-C, those until then, marked as interrupted; failures are in it, not raised.

    Raises:
        UsageFault: CTK601 for no arm, no picture, or two arms of one name.
    """
    refuse_unmeasurable(arms, pictures)
    found = ModeMeasurement({arm.name: ModeSamples(arm) for arm in arms})
    began = time.monotonic()
    done = 0
    try:
        for number in range(plan.launches):
            alive = [name for name, samples in found.samples.items() if samples.failure is None]
            ran: list[str] = []
            found.order.append(ran)
            for name in drawn_order(plan.seed, number, 0, alive):
                _say(progress, f"{name}: launch {number + 1} of {plan.launches}", done,
                     plan.launches * len(alive), began)  # fmt: skip
                samples = found.samples[name]
                try:
                    samples.launches.append(_launched(samples.arm, plan, pictures, number))
                except CtkError as error:
                    samples.failure = error
                    continue
                ran.append(name)
                done += 1
    except KeyboardInterrupt:
        found.interrupted = True
    return found


def _launched(arm: Arm, plan: ModePlan, pictures: Sequence[Path], number: int) -> ModeLaunch:
    begun_s = time.monotonic()
    with ModeProcess(arm, plan.harness(), pictures, number) as process:
        if plan.mode == "throughput":
            return measure_throughput(process, plan, number)
        if plan.mode == "stream":
            return measure_stream(process, plan, number)
        return measure_cold(process, plan, begun_s)


def _say(progress: Listener | None, doing: str, done: int, total: int, began: float) -> None:
    if progress is not None:
        spent = time.monotonic() - began
        progress(Progress(doing, done, total, spent / done * (total - done) if done else None))
