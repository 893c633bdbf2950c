"""From what was asked for to the judged document."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.api import bench, prepared_guard
from benchmarks.baseline.comparing import (
    compare_with_baseline,
    refuse_other_machine,
    refuse_other_subject,
)
from benchmarks.baseline.gates import against_gate
from benchmarks.baseline.stored import load_baseline
from benchmarks.bench_document import BenchDocument
from benchmarks.claims.split import reference_split
from benchmarks.harness.arm import Arm
from benchmarks.harness.facts import model_of
from benchmarks.harness.progress import Listener, Progress
from benchmarks.machine import describe_machine
from reports.bench.job import prepared
from reports.bench.judging import Judged, judged, with_refusal
from reports.bench.latency_job import measured_latency
from reports.bench.mode_job import measured_mode
from reports.bench.old_and_new import old_and_new
from reports.bench.planned import refuse_mistakes
from reports.bench.request import Request
from toolkit.errors import CtkError
from toolkit.models.main_model import MAIN_MODEL


def measured(asked: Request, listener: Listener | None, samples_in: Path | None) -> Judged:
    """Measures, holds the result against what was asked for, and judges it.

    Args:
        asked: What to measure.
        listener: Told what happens next.
        samples_in: Folder in whose blobs/ samples are kept; nowhere when None.

    Raises:
        CtkError: What `benchmarks.bench` and `load_baseline` raise. What `compare_with_baseline` raises is in the result:
            it costs no figures.
    """
    refuse_mistakes(asked)
    baseline = load_baseline(asked.baseline) if asked.baseline is not None else None
    if baseline is not None:
        _refuse_early(asked, baseline)
    with ExitStack() as kept:
        arms: tuple[Arm, ...] = ()
        if asked.gates:
            arms = old_and_new(asked, kept, lambda what: _say(listener, f"preparing {what}"))
        document = _document(asked, arms, listener, samples_in, kept)
    document = _of_new(document, arms, asked)
    try:
        return judged(_gated(asked, document, arms, baseline))
    except CtkError as refusal:
        return with_refusal(judged(document), refusal)


def _becomes_it(asked: Request) -> bool:
    """Whether this run is saved as the very baseline that it is held against; any other file excuses nothing."""
    if asked.baseline is None or asked.save_baseline is None:
        return False
    return asked.baseline.resolve() == asked.save_baseline.resolve()


def _refuse_early(asked: Request, baseline: BenchDocument) -> None:
    """What would be refused after minutes of measuring is refused before, where it is known."""
    files = asked.artifacts.common is not None or asked.artifacts.by_backend
    model = None if files else asked.model or MAIN_MODEL
    refuse_other_subject(baseline, model=model, mode=asked.mode, preset=asked.preset)
    if not asked.allow_different_machine:
        refuse_other_machine(baseline, describe_machine())


def _of_new(document: BenchDocument, arms: tuple[Arm, ...], asked: Request) -> BenchDocument:
    """Where old and new ran, the model is that of the new one, and the published split stands beside it."""
    if not arms:
        return document
    update: dict[str, Any] = {"model": model_of(arms[-1:], asked.source, asked.weights)}
    new = next((run for run in document.runs if run.arm == arms[-1].name and run.status == "ok"), None)
    if new is not None:
        update["reference_split"] = reference_split(new)
    return document.model_copy(update=update)


def _document(
    asked: Request,
    arms: tuple[Arm, ...],
    listener: Listener | None,
    samples_in: Path | None,
    kept: ExitStack,
) -> BenchDocument:
    if asked.plain:
        return _benched(asked, arms, listener, samples_in)
    job = prepared(asked, arms, kept, lambda what: _say(listener, f"preparing {what}"))
    guard = prepared_guard(job.arms, asked.quick, listener)
    if asked.mode == "latency":
        return measured_latency(asked, job, guard, listener, samples_in)
    return measured_mode(asked, job, guard, listener, samples_in)


def _benched(
    asked: Request,
    arms: tuple[Arm, ...],
    listener: Listener | None,
    samples_in: Path | None,
) -> BenchDocument:
    return bench(
        asked.source,
        backends=asked.backends,
        artifacts=asked.artifacts.by_backend,
        arms=arms,
        preset=asked.preset,
        images=asked.images,
        precision=asked.precision,
        threads=asked.threads,
        batch=asked.batch,
        device=asked.device,
        weights=asked.weights,
        launches=asked.launches,
        rounds=asked.rounds,
        iterations=asked.iterations,
        margin=asked.margin,
        seed=asked.seed,
        quick=asked.quick,
        allow_env=asked.allow_env,
        save_in=samples_in,
        progress=listener,
    )


def _gated(
    asked: Request, document: BenchDocument, arms: tuple[Arm, ...], baseline: BenchDocument | None
) -> BenchDocument:
    if document.verdict == "incomplete":  # whatever the gate would say, the run did not end
        return document
    if arms:
        old, new = arms
        kind = "against" if asked.against is not None else "against-settings"
        gate = against_gate(document, old.name, new.name, asked.margin, kind=kind)  # type: ignore[arg-type]
    elif asked.baseline is not None:
        gate = compare_with_baseline(
            document,
            baseline,
            asked.allowed_regression,
            allow_different_machine=asked.allow_different_machine,
            saving=_becomes_it(asked),
        )
    else:
        return document
    return document.model_copy(update={"gate": gate})


def _say(listener: Listener | None, what: str) -> None:
    if listener is not None:
        listener(Progress(what, 0, 0, None))
