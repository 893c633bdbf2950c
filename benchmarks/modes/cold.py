"""The mode cold: a fresh process each time, until it has inferred once.

No runtime keeps a compiled model: ctk turns such caches off. What the operating system keeps of files in
memory is as it is; the first launch may find less of it.
`raw` of a launch: ``start_ms`` (process and Python), ``second_infer_ms``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.modes.mode_plan import ModePlan
from benchmarks.modes.mode_process import ModeProcess
from benchmarks.modes.mode_samples import ModeLaunch
from benchmarks.stats.medians import median_over_launches

_FIGURES = ("start", "load", "first_infer", "second_infer", "ready")


def measure_cold(process: ModeProcess, plan: ModePlan, begun_s: float) -> ModeLaunch:
    """One launch; raises what `WorkerProcess.ask` raises.

    Args:
        process: A process that has only just been started.
        plan: What was asked for.
        begun_s: `time.monotonic` from before it was started.
    """
    process.command("environment", plan.load_limit_s)
    start_ms = (time.monotonic() - begun_s) * 1e3
    launch = process.load()
    process.block(0, 1)
    second_ms = float(launch.blocks[0].durations("infer")[0]) / 1e6
    return ModeLaunch(launch, {"start_ms": start_ms, "second_infer_ms": second_ms})


def cold_parts(launches: Sequence[ModeLaunch]) -> dict[str, Any]:
    """Fields of a `BenchRun`: medians with their intervals over launches, and no stages.

    ``ready`` is start, load and first inference together.
    """
    figures: dict[str, float | int | str | None] = {"n_launches": len(launches)}
    for name in _FIGURES:
        values = np.array([_figure(one, name) for one in launches])
        over = median_over_launches([values[i : i + 1] for i in range(len(values))])
        figures[f"{name}_p50_ms"] = over.median
        figures[f"{name}_low_ms"], figures[f"{name}_high_ms"] = over.ci95 or (None, None)
        figures[f"{name}_max_ms"] = float(values.max())
    return {"mode_figures": figures}


def _figure(one: ModeLaunch, name: str) -> float:
    if name == "ready":
        return sum(_figure(one, part) for part in ("start", "load", "first_infer"))
    if name in {"load", "first_infer"}:
        return float(getattr(one.launch, f"{name}_ms"))
    return float(one.raw[f"{name}_ms"])
