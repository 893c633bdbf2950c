"""Samples of a mode beside latency to the document of `ctk bench`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.baseline.gates import document_verdict
from benchmarks.bench_document import BenchDocument, BenchRun, BenchSettings, DocumentVerdict, LaunchRecord
from benchmarks.claims.split import reference_split
from benchmarks.harness.artifact_files import artifact_part
from benchmarks.harness.assembling import LIBRARIES, Facts
from benchmarks.harness.failure_words import failure_words
from benchmarks.harness.guarded_judgement import guarded
from benchmarks.harness.saved_samples import Saving
from benchmarks.harness.summarising import clock_read_ns, launch_record
from benchmarks.machine import describe_machine
from benchmarks.modes.cold import cold_parts
from benchmarks.modes.mode_plan import ModePlan
from benchmarks.modes.mode_samples import ModeLaunch, ModeMeasurement, ModeSamples
from benchmarks.modes.stream import stream_parts
from benchmarks.modes.throughput import throughput_parts
from toolkit.version import __version__

_ABOUT = {
    "throughput": "throughput: an item is the inference of one picture whose input is ready; "
    "`infer` is the time that one spends in flight beside the others",
    "stream": "stream: latency counts from the moment at which a picture was due; "
    "late is a picture that was finished after the next one was due",
    "cold": "cold: a fresh process each time, caches of the runtime off; files may lie in the system's memory",
}


def mode_document(
    found: ModeMeasurement, plan: ModePlan, facts: Facts, *, save_in: Path | None = None
) -> BenchDocument:
    """The document of a run; runs of different modes are never in one.

    Args:
        found: All samples.
        plan: What was asked for.
        facts: Everything that the samples do not tell.
        save_in: Folder of the JSON document, beside which the samples are to be saved.
    """
    read_ns, saving = clock_read_ns(), Saving(save_in)
    runs = [
        _with_plausibility(mode_run(samples, plan, facts, read_ns, saving), facts, found.interrupt)
        for samples in found.samples.values()
    ]
    decided, reasons = _judged(runs, facts, interrupted=found.interrupted)
    return BenchDocument(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        ctk=__version__,
        machine=describe_machine(LIBRARIES),
        model=facts.model,
        settings=_settings(found, plan, facts),
        environment=facts.environment,
        runs=runs,
        comparisons=[],
        control=None,
        reference_split=reference_split(None, facts.published),
        claims=list(facts.claims),
        order=found.order,
        notes=[*facts.notes, _ABOUT[plan.mode], *saving.notes],
        verdict=decided,
        reasons=reasons,
    )


def mode_run(
    samples: ModeSamples, plan: ModePlan, facts: Facts, read_ns: float, saving: Saving | None = None
) -> BenchRun:
    """One arm, not judged yet.

    Args:
        samples: Its launches, or what ended it.
        plan: What was asked for.
        facts: For the hash of its artifact.
        read_ns: What reading the clock costs.
        saving: Saves its samples; they are not when None.
    """
    arm, saving = samples.arm, saving or Saving(None)
    sha256 = facts.sha256.get(arm.artifact)
    common: dict[str, Any] = {
        "arm": arm.name,
        "backend": arm.backend,
        "precision_requested": arm.precision,
        "threads": arm.threads,
        "batch": arm.batch,
        "artifact": artifact_part(arm.artifact, sha256) if sha256 else None,
        "launches": [_record(one, plan, saving) for one in samples.launches],
    }
    if samples.failure is not None:
        words = failure_words(samples.failure)
        return BenchRun(**common, status="failed", failure=words, failure_code=samples.failure.code)
    if not samples.launches:
        return BenchRun(**common, status="skipped", failure="it was interrupted before a launch ended")
    parts = _parts(samples.launches, plan, arm.batch, read_ns)
    return BenchRun(**{**common, **_read_back(samples.launches)}, **parts, status="ok")


def _parts(launches: Sequence[ModeLaunch], plan: ModePlan, batch: int, read_ns: float) -> dict[str, Any]:
    if plan.mode == "throughput":
        return throughput_parts(launches, batch, read_ns)
    if plan.mode == "stream":
        return stream_parts(launches, plan, batch, read_ns)
    return cold_parts(launches)


def _read_back(launches: Sequence[ModeLaunch]) -> dict[str, Any]:
    """What the runtime says about itself, and the figures that are one a launch."""
    first = launches[0].launch
    peaks = [one.launch.peak_rss_bytes for one in launches if one.launch.peak_rss_bytes]
    return {
        "runtime_version": first.info["runtime_version"],
        "device": first.info["device"],
        "precision_executed": first.info["precision_executed"],
        "threads": first.info["threads"],
        "effective_settings": {
            **first.info["settings"],
            **{f"env {name}": value for name, value in first.variables.items()},
        },
        "load_ms": median([one.launch.load_ms for one in launches]),
        "first_infer_ms": median([one.launch.first_infer_ms for one in launches]),
        "peak_rss_bytes": max(peaks, default=None),
    }


def _record(one: ModeLaunch, plan: ModePlan, saving: Saving) -> LaunchRecord:
    record = launch_record(one.launch, saving.saved(one.launch, one.due_ns))
    # A cold launch is not meant to get warm.
    return record.model_copy(update={"warm": True}) if plan.mode == "cold" else record


def _with_plausibility(run: BenchRun, facts: Facts, on_interrupt: Callable[[], None]) -> BenchRun:
    """In throughput, what the device does in all is judged: the time between two ends, not the time of one."""
    if facts.plausibility is None or "infer" not in run.stages:
        return run
    judged = run
    if run.items_per_s and "inferences_per_s" in run.mode_figures:
        between_ms = 1e3 * run.batch / run.items_per_s
        infer = run.stages["infer"].model_copy(update={"p50_ms": between_ms, "mean_ms": between_ms})
        judged = run.model_copy(update={"stages": {"infer": infer}})
    return run.model_copy(update={"plausibility": guarded(facts.plausibility, judged, on_interrupt)})


def _judged(
    runs: Sequence[BenchRun], facts: Facts, *, interrupted: bool
) -> tuple[DocumentVerdict, list[str]]:
    found = document_verdict(runs, facts.environment.findings, interrupted=interrupted)
    decided, reasons = found.verdict, found.reasons
    broken = [
        f"{run.arm}: {run.mode_figures['littles_law_line']}"
        for run in runs
        if run.mode_figures.get("littles_law", "holds") != "holds"
    ]
    if broken and decided == "pass":
        return "inconclusive", broken
    return decided, [*reasons, *broken]


def _settings(found: ModeMeasurement, plan: ModePlan, facts: Facts) -> BenchSettings:
    # A throughput is measured by the clock: its blocks have no number of iterations.
    iterations = {"throughput": 0, "stream": plan.arrivals, "cold": 1}[plan.mode]
    return BenchSettings(
        mode=plan.mode,
        preset=plan.preset,
        launches=plan.launches,
        rounds=1,
        iterations=iterations,
        iterations_asked=iterations,
        threads=max(samples.arm.threads for samples in found.samples.values()),
        margin=0.03,
        seed=plan.seed,
        quick=False,
        allowed_env=list(facts.allowed_env),
        pictures=list(facts.pictures),
    )
