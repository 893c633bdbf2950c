"""A run in one of the modes beside latency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.bench_document import BenchDocument
from benchmarks.harness.facts import largest
from benchmarks.harness.progress import Listener
from benchmarks.modes.mode_document import mode_document
from benchmarks.modes.mode_plan import DEFAULT_LAUNCHES, ModePlan
from benchmarks.modes.mode_samples import ModeMeasurement, ModeSamples
from benchmarks.modes.running import measure_mode
from reports.bench.job import Job, Judge, facts_of_job
from reports.bench.request import Request


def mode_plan(asked: Request) -> ModePlan:
    """How much is measured in the mode that was asked for.

    Raises:
        UsageFault: CTK601 for a mode without what it needs.
    """
    assert asked.mode != "latency"
    launches = asked.launches if asked.launches_given else DEFAULT_LAUNCHES[asked.mode]
    own = {"window_s": asked.window_s, "in_flight": asked.in_flight, "queue": asked.queue}
    given: dict[str, Any] = {name: value for name, value in own.items() if value is not None}
    return ModePlan(
        asked.mode, launches=launches, seed=asked.seed, preset=asked.preset, rate=asked.rate, **given
    )


def measured_mode(
    asked: Request, job: Job, guard: Judge, listener: Listener | None, samples_in: Path | None
) -> BenchDocument:
    """Measures a job in that mode.

    Raises:
        CtkError: As `measure_mode`.
    """
    plan = mode_plan(asked)
    found = measure_mode(job.arms, plan, job.pictures, listener) if job.arms else ModeMeasurement({})
    for arm, error in job.found.failed:
        found.samples[arm.name] = ModeSamples(arm, failure=error)
    found.samples = {name: found.samples[name] for name in job.found.in_order(list(found.samples))}
    launches = {name: [one.launch for one in samples.launches] for name, samples in found.samples.items()}
    # One process at a time, so the largest decides.
    facts = facts_of_job(asked, job, launches, guard, largest(job.arms))
    document = mode_document(found, plan, facts, save_in=samples_in)
    return document.model_copy(
        update={"settings": document.settings.model_copy(update={"margin": asked.margin})}
    )
