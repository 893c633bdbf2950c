"""The mode stream: pictures arrive on a clock; latency counts from the moment at which each was due.

`raw` of a launch: ``latency_ns`` and ``wait_ns`` (int64, n, in the order of service), ``offered``, ``dropped``,
``late`` and ``served_s``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.harness.samples import WARMING, Block
from benchmarks.harness.stage_timing import durations_ns
from benchmarks.harness.summarising import shares, stage_summaries
from benchmarks.modes.mode_plan import ModePlan
from benchmarks.modes.mode_process import ModeProcess
from benchmarks.modes.mode_samples import ModeLaunch
from benchmarks.stats.medians import median_over_launches
from benchmarks.stats.percentiles import percentile

_WARMING_ITERATIONS = 2
_NS_PER_MS = 1e6


def measure_stream(process: ModeProcess, plan: ModePlan, number: int) -> ModeLaunch:
    """One launch; raises what `WorkerProcess.ask` raises."""
    assert plan.rate is not None
    launch = process.load()
    process.block(WARMING, _WARMING_ITERATIONS)
    waiting = min(plan.queue, plan.arrivals)
    longest_s = plan.window_s + (waiting + plan.arrivals) * process.iteration_s
    found = process.command(
        "stream", longest_s, rate=plan.rate, arrivals=plan.arrivals, queue=plan.queue, launch=number
    )
    stamps = np.array(found["stamps"], np.int64).reshape(-1, 6)
    durations_ns(stamps)
    due = np.array(found["due"], np.int64)
    launch.blocks.append(
        Block(
            round=0,
            stamps_ns=stamps,
            involuntary_switches=found["involuntary_switches"],
            steal_fraction=found["steal_fraction"],
            throttled=found["throttled"],
        )
    )
    launch.peak_rss_bytes = found["peak_rss_bytes"]
    latency = stamps[:, -1] - due
    return ModeLaunch(
        launch,
        {
            "latency_ns": latency,
            "wait_ns": stamps[:, 0] - due,
            "offered": plan.arrivals,
            "dropped": found["dropped"],
            "late": int((latency > 1e9 / plan.rate).sum()),
            "served_s": float(stamps[-1, -1] - due[0]) / 1e9,
        },
    )


def stream_parts(
    launches: Sequence[ModeLaunch], plan: ModePlan, batch: int, read_ns: float
) -> dict[str, Any]:
    """Fields of a `BenchRun`.

    The stages are what serving a picture took; how long it waited is beside them, among the mode's figures.
    Late is a picture that was finished after the next one was due.

    Args:
        launches: One at least.
        plan: What was asked for.
        batch: Pictures in one arrival.
        read_ns: What reading the clock costs.
    """
    stages = stage_summaries([one.launch for one in launches], read_ns)
    latency = np.concatenate([one.raw["latency_ns"] for one in launches])
    waits = np.concatenate([one.raw["wait_ns"] for one in launches])
    over = median_over_launches([one.raw["latency_ns"] for one in launches])
    tails = {name: percentile(latency, p) for name, p in (("p90", 0.9), ("p95", 0.95), ("p99", 0.99))}
    figures: dict[str, float | int | str | None] = {
        "rate_per_s": plan.rate,
        "queue": plan.queue,
        "offered": sum(one.raw["offered"] for one in launches),
        "served": len(latency),
        "late": sum(one.raw["late"] for one in launches),
        "dropped": sum(one.raw["dropped"] for one in launches),
        "latency_mean_ms": float(latency.mean()) / _NS_PER_MS,
        "latency_p50_ms": over.median / _NS_PER_MS,
        "latency_p50_low_ms": over.ci95[0] / _NS_PER_MS if over.ci95 else None,
        "latency_p50_high_ms": over.ci95[1] / _NS_PER_MS if over.ci95 else None,
        "latency_max_ms": float(latency.max()) / _NS_PER_MS,
        "wait_mean_ms": float(waits.mean()) / _NS_PER_MS,
    }
    for name, tail in tails.items():
        figures[f"latency_{name}_ms"] = None if tail.upper_bound is None else tail.upper_bound / _NS_PER_MS
        figures[f"latency_{name}_needs_n"] = tail.needs_n
    return {
        "stages": stages,
        "share": shares(stages),
        "items_per_s": len(latency) * batch / sum(one.raw["served_s"] for one in launches),
        "mode_figures": figures,
    }
