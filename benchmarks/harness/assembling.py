"""Raw samples to the document of `ctk bench`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.baseline.gates import document_verdict
from benchmarks.bench_document import (
    BenchArtifact,
    BenchDocument,
    BenchModel,
    BenchPicture,
    BenchRun,
    BenchSettings,
    Claim,
    Control,
    Environment,
    Gate,
    Plausibility,
)
from benchmarks.claims.published import claims
from benchmarks.claims.split import reference_split
from benchmarks.harness.artifact_files import artifact_part
from benchmarks.harness.comparing import comparisons, control
from benchmarks.harness.failure_words import failure_words
from benchmarks.harness.guarded_judgement import guarded
from benchmarks.harness.plan import Plan
from benchmarks.harness.samples import ArmSamples, Measurement
from benchmarks.harness.saved_samples import Saving
from benchmarks.harness.summarising import clock_read_ns, launch_record, shares, stage_summaries
from benchmarks.machine import describe_machine
from toolkit.version import __version__

LIBRARIES = ("numpy", "onnx", "onnxruntime", "openvino", "opencv-python-headless", "torch", "scipy", "pillow")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a document holds beside the samples.

    Attributes:
        model: What was measured.
        environment: The host before and after, judged.
        pictures: All sample pictures, the skipped ones too.
        sha256: Of every arm's artifact, by its path.
        plausibility: Judges a run whose stages are known; None for no judgement.
        published: The claim that stands beside our split; that of the Atlas 200 DK when None.
        gate: What a demanded comparison decided, from the samples.
        allowed_env: Environment problems that the user allowed.
        notes: What the reader should know.
    """

    model: BenchModel
    environment: Environment
    pictures: Sequence[BenchPicture]
    sha256: Mapping[Path, str]
    plausibility: Callable[[BenchRun], Plausibility | None] | None = None
    published: Claim | None = None
    gate: Callable[[Measurement], Gate] | None = None
    allowed_env: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=list)

    @property
    def claims(self) -> list[Claim]:
        """Everything published about the model."""
        return claims(self.model.name)


def assemble(found: Measurement, plan: Plan, facts: Facts, *, save_in: Path | None = None) -> BenchDocument:
    """The document of a run.

    Args:
        found: All samples.
        plan: What was asked for.
        facts: Everything that the samples do not tell.
        save_in: Folder of the JSON document, beside which the samples are to be saved.

    That samples cannot be saved costs no figures: it is a note, which begins with `saved_samples.UNSAVED`.
    """
    read_ns = clock_read_ns()
    saving = Saving(save_in)
    runs = [_judged(_run(one, facts, read_ns, saving), facts, found) for one in found.subjects]
    against_itself = control(found, plan.margin)
    gate = facts.gate(found) if facts.gate is not None else None
    control_failure = None if found.control_failure is None else found.control_failure.headline
    decided = document_verdict(
        runs,
        facts.environment.findings,
        gate,
        against_itself,
        control_failure=control_failure,
        interrupted=found.interrupted,
        quick=plan.quick,
    )
    return BenchDocument(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        ctk=__version__,
        machine=describe_machine(LIBRARIES),
        model=facts.model,
        settings=_settings(found, plan, facts),
        environment=facts.environment,
        runs=runs,
        comparisons=comparisons(found, plan.margin),
        control=against_itself,
        control_failure=control_failure,
        gate=gate,
        reference_split=reference_split(_first_good(runs), facts.published),
        claims=facts.claims,
        order=found.order,
        notes=[*facts.notes, *_notes(found, plan), *_resolved(against_itself, plan), *saving.notes],
        verdict=decided.verdict,
        reasons=decided.reasons,
    )


def _run(samples: ArmSamples, facts: Facts, read_ns: float, saving: Saving) -> BenchRun:
    arm = samples.arm
    common: dict[str, Any] = {
        "arm": arm.name,
        "backend": arm.backend,
        "precision_requested": arm.precision,
        "threads": arm.threads,
        "batch": arm.batch,
        "artifact": _artifact(arm.artifact, facts),
        "launches": [
            launch_record(launch, saving.saved(launch)) for launch in samples.launches if launch.measured
        ],
    }
    if samples.failure is not None:
        words = failure_words(samples.failure)
        return BenchRun(**common, status="failed", failure=words, failure_code=samples.failure.code)
    stages = stage_summaries(samples.launches, read_ns)
    if not stages:
        return BenchRun(**common, status="skipped", failure="it was interrupted before a block ran")
    return BenchRun(**{**common, **_read_back(samples)}, stages=stages, share=shares(stages), status="ok")


def _judged(run: BenchRun, facts: Facts, found: Measurement) -> BenchRun:
    """The run with its plausibility; whatever becomes of the judgement, the figures are kept."""
    if facts.plausibility is None or run.status != "ok":
        return run
    judged = guarded(facts.plausibility, run, found.interrupt)
    return run.model_copy(update={"plausibility": judged})


def _read_back(samples: ArmSamples) -> dict[str, Any]:
    """What the runtime says about itself, and the figures that are one a launch: their medians."""
    launches = [launch for launch in samples.launches if launch.measured]
    info = launches[0].info
    variables = {f"env {name}": value for name, value in launches[0].variables.items()}
    return {
        "runtime_version": info["runtime_version"],
        "device": info["device"],
        "precision_executed": info["precision_executed"],
        "threads": info["threads"],
        "effective_settings": {**info["settings"], **variables},
        "load_ms": median([launch.load_ms for launch in launches]),
        "first_infer_ms": median([launch.first_infer_ms for launch in launches]),
        "peak_rss_bytes": max((one.peak_rss_bytes for one in launches if one.peak_rss_bytes), default=None),
    }


def _artifact(path: Path, facts: Facts) -> BenchArtifact | None:
    if path not in facts.sha256:
        return None
    return artifact_part(path, facts.sha256[path])


def _settings(found: Measurement, plan: Plan, facts: Facts) -> BenchSettings:
    return BenchSettings(
        mode="latency",
        preset=plan.preset,
        launches=plan.launches,
        rounds=plan.rounds,
        iterations=found.iterations or plan.iterations,
        iterations_asked=plan.iterations,
        threads=max(samples.arm.threads for samples in found.subjects),
        margin=plan.margin,
        seed=plan.seed,
        quick=plan.quick,
        allowed_env=list(facts.allowed_env),
        pictures=list(facts.pictures),
    )


def _notes(found: Measurement, plan: Plan) -> list[str]:
    notes = []
    if 0 < found.iterations < plan.iterations:
        notes.append(
            f"{found.iterations} iterations a block instead of {plan.iterations}, to stay within "
            f"{plan.budget_s:g} s; launches and rounds are as asked"
        )
    for samples in found.subjects:
        infos = [launch.info for launch in samples.launches]
        executed = infos[0]["precision_executed"] if infos else None
        asked = samples.arm.precision
        if executed is not None and asked not in {executed, "native"}:
            notes.append(f"{samples.arm.name}: asked for {asked}, executed in {executed}")
    return notes


def _resolved(control: Control | None, plan: Plan) -> list[str]:
    if control is None or control.resolution is None:
        return []
    resolved = f"the smallest difference that this host resolved is {control.resolution:.1%}"
    if control.resolution >= plan.margin:
        resolved += f", more than the margin of {plan.margin:.1%}"
    elif control.verdict != "same":
        resolved += f", but {control.arm} differed from itself by more than the margin of {plan.margin:.1%}"
    return [resolved]


def _first_good(runs: Sequence[BenchRun]) -> BenchRun | None:
    return next((run for run in runs if run.status == "ok"), None)
