"""Latency with launches added until intervals are narrow, over a sweep, or with the times of layers."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.bench_document import BenchDocument, BenchRun
from benchmarks.harness.assembling import assemble
from benchmarks.harness.measuring import measure
from benchmarks.harness.plan import Plan, quick_plan
from benchmarks.harness.progress import Listener
from benchmarks.harness.samples import ArmSamples, Measurement
from benchmarks.layer_profile.profiling_run import profile_layers, with_layers
from benchmarks.variations.until_ci import launches_of, measure_until
from reports.bench.figures import percent
from reports.bench.job import Job, Judge, facts_of_job
from reports.bench.request import Request
from toolkit.errors import CtkError
from toolkit.messages import warn


def plan_of(asked: Request, arms: int = 1) -> Plan:
    """How much is measured.

    Args:
        asked: What was asked for.
        arms: How many take turns.
    """
    if asked.quick:
        return quick_plan(asked.seed, asked.preset, asked.margin, arms=arms)
    return Plan(asked.launches, asked.rounds, asked.iterations, asked.seed, asked.preset, asked.margin)


def measured_latency(
    asked: Request, job: Job, guard: Judge, listener: Listener | None, samples_in: Path | None
) -> BenchDocument:
    """Measures a job in the mode latency.

    Args:
        asked: What was asked for.
        job: What to measure.
        guard: Judges plausibility.
        listener: Told what happens next.
        samples_in: As `assemble`.

    Raises:
        CtkError: As `measure` and `assemble`.
    """
    plan = plan_of(asked, len(job.arms))
    found, reached, note = _measurement(asked, job, plan, listener)
    for arm, error in job.found.failed:
        found.samples[arm.name] = ArmSamples(arm, failure=error)
    found.samples = {name: found.samples[name] for name in job.found.in_order(list(found.samples))}
    launches = {name: samples.launches for name, samples in found.samples.items()}
    together = [samples.arm for samples in found.samples.values()]
    facts = facts_of_job(asked, job, launches, guard, together)
    document = assemble(found, plan, facts, save_in=samples_in)
    settings = document.settings.model_copy(
        update={
            "launches": launches_of(found) or plan.launches,
            "until_ci": asked.until,
            "until_reached": reached,
        }
    )
    document = document.model_copy(update={"settings": settings, "notes": [*document.notes, *note]})
    return _profiled(document, job, plan) if asked.profile_layers and not found.interrupted else document


def _measurement(
    asked: Request, job: Job, plan: Plan, listener: Listener | None
) -> tuple[Measurement, bool | None, list[str]]:
    if not job.arms:
        return Measurement({}, None), None, []
    if asked.until is None:
        spent_s = time.monotonic() - job.began_s
        return measure(job.arms, plan, job.pictures, listener, spent_s=spent_s), None, []
    found, state = measure_until(job.arms, plan, job.pictures, asked.until, progress=listener)
    width = "unknown" if state.half_width is None else f"±{percent(state.half_width)}"
    what = "reached" if state.reached else "not reached"
    return (
        found,
        state.reached,
        [f"--until ci={percent(asked.until)}: {what}, the widest interval is {width}"],
    )


def _profiled(document: BenchDocument, job: Job, plan: Plan) -> BenchDocument:
    """Every run with its layers, each from one more process; an arm that cannot be profiled keeps its figures."""
    arms = {arm.name: arm for arm in job.arms}
    runs: list[BenchRun] = []
    for run in document.runs:
        try:
            good = run.status == "ok"
            runs.append(with_layers(run, profile_layers(arms[run.arm], plan, job.pictures)) if good else run)
        except CtkError as error:
            warn(f"{run.arm}: its layers were not timed: {error.headline}")
            runs.append(run)
        except KeyboardInterrupt:
            unfinished = [*runs, *document.runs[len(runs) :]]
            return document.model_copy(update={"runs": unfinished, "verdict": "incomplete"})
    return document.model_copy(update={"runs": runs})
