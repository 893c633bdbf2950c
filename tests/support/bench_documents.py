"""Documents of `ctk bench` that nobody measured, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.bench_document import (
    BenchDocument,
    BenchModel,
    BenchRun,
    BenchSettings,
    Claim,
    Control,
    Environment,
    EnvironmentFinding,
    LaunchRecord,
    ReferenceSplit,
    StageSummary,
)
from benchmarks.machine import Machine

MACHINE = Machine(
    cpu="Frob 9000",
    cores=4,
    logical_cores=8,
    usable_cores=4,
    flags=("avx2",),
    memory_bytes=33_000_000_000,
    kernel="Linux 6.8.0-45-generic",
    python="3.11.7",
    versions={"numpy": "2.4.6", "opencv-python-headless": "4.14", "torch": "2.13"},
)
CLAIM = Claim(
    name="made up", source="a test", device="none", what="nothing", total_ms=None, infer_ms=None,
    floor_ms=None, state="not measured here",
)  # fmt: skip


def launches_of(
    median_ms: float, *, seed: int = 0, launches: int = 5, rounds: int = 4, sd: float = 0.003
) -> list[LaunchRecord]:
    """Launches whose medians lie around a figure, lognormal: half of the spread by launch, half by round."""
    drawn = np.random.default_rng(seed)
    made = []
    for number in range(launches):
        offset = drawn.normal(0, sd)
        medians = median_ms * np.exp(offset + drawn.normal(0, sd, rounds))
        made.append(
            LaunchRecord(
                launch=number,
                load_ms=10.0,
                first_infer_ms=9.0,
                peak_rss_bytes=1,
                warmup_n=0,
                n=10 * rounds,
                warm=True,
                rounds_ms=[float(median) for median in medians],
            )
        )
    return made


def run_of(arm: str, median_ms: float = 5.0, *, seed: int = 0, **parts: Any) -> BenchRun:
    """A run that ended well; `parts` replace fields."""
    stage = StageSummary(n=200, mean_ms=median_ms, p50_ms=median_ms)
    given: dict[str, Any] = {
        "backend": arm, "runtime_version": "1.2", "device": "CPU", "precision_requested": "f32",
        "precision_executed": "f32", "threads": 2, "stages": {"infer": stage}, "status": "ok",
    }  # fmt: skip
    if "launches" not in parts:
        given["launches"] = launches_of(median_ms, seed=seed)
    return BenchRun(arm=arm, **(given | parts))


def control_of(low: float = 0.995, high: float = 1.004, **parts: Any) -> Control:
    """A control with that interval."""
    given = {"arm": "x", "stage": "infer", "ratio": 1.0, "resolution": 0.005, "verdict": "same"}
    return Control(ci95=(low, high), **(given | parts))


def document_of(
    runs: Sequence[BenchRun],
    *,
    control: Control | None = None,
    findings: Sequence[EnvironmentFinding] = (),
    settings: Any = None,
    before: Any = None,
    **parts: Any,
) -> BenchDocument:
    """A document of these runs; `settings` and `parts` replace fields."""
    given: dict[str, Any] = {
        "mode": "latency", "preset": "exact", "launches": 5, "rounds": 4, "iterations": 10,
        "iterations_asked": 10, "threads": 2, "margin": 0.03, "seed": 0, "quick": False, "pictures": [],
    }  # fmt: skip
    split = ReferenceSplit(
        published=CLAIM, arm=None, measured_total_ms=None, measured_infer_ms=None, pre_and_post_ms=None,
        larger_part=None, total_if_infer_were_free_ms=None,
    )  # fmt: skip
    whole: dict[str, Any] = {
        "created": "2026-01-01T00:00:00+00:00", "ctk": "0.1.0", "machine": MACHINE,
        "model": BenchModel(name="tiny", weights="synthetic"),
        "settings": BenchSettings(**(given | (settings or {}))),
        "environment": Environment(before=before or {}, after={}, findings=list(findings)),
        "runs": list(runs), "comparisons": [], "control": control_of() if control is None else control,
        "reference_split": split, "claims": [CLAIM], "order": [], "verdict": "pass", "reasons": [],
    }  # fmt: skip
    return BenchDocument(**(whole | parts))
