"""Each backend in a process of its own, at f32, which decides, and at its native precision, which informs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.parity_check.arrays_file import Arrays
from benchmarks.parity_check.artifact_facts import subtracts_mean
from benchmarks.parity_check.child_process import LIMIT_S, ChildProcess, Job, LoadFailure, Ran
from benchmarks.parity_check.judging import judge_all, tolerance_of
from benchmarks.parity_check.pair_verdict import pair_verdict
from benchmarks.parity_check.rule import Tolerance
from benchmarks.parity_check.seen import SeenPictures
from benchmarks.parity_check.stored_precision import stored_precision
from benchmarks.parity_document import ParityPair
from toolkit.backends.precision import NATIVE
from toolkit.errors import CtkError, EnvironmentFailed, UsageFault
from toolkit.hashing import sha256_file
from toolkit.messages import warn
from toolkit.presets.preset import MEAN_L

DECIDING = "f32"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is the same for all pairs.

    Attributes:
        names: Of the inputs.
        cases: Inputs; of a colorizer L without its mean.
        references: Outputs that they should give.
        stated: Bounds that the user stated; the defaults of each precision when None.
        threads: Threads that compute.
        optional: Outputs that need not be there.
        colours: Whether the inputs are L planes, so that an artifact may want its mean back.
        seen: Judges the pictures.
        native: Whether the runtime's own precision is run as well.
        limit_s: Seconds after which a job counts as hanging.
        notes: What the reader should know is added here.
    """

    names: Sequence[str]
    cases: Sequence[Arrays]
    references: Sequence[Arrays]
    stated: Tolerance | None
    threads: int
    optional: frozenset[str] = frozenset()
    colours: bool = False
    seen: SeenPictures | None = None
    native: bool = True
    limit_s: float = LIMIT_S
    notes: list[str] = field(default_factory=list)

    def cases_for(self, artifact: Path) -> Sequence[Arrays]:
        """The inputs as an artifact wants them: with the 50 where it subtracts that itself."""
        if not self.colours or not subtracts_mean(artifact):
            return self.cases
        return [{name: array + np.float32(MEAN_L) for name, array in case.items()} for case in self.cases]


@dataclass(frozen=True, slots=True)
class _Subject:
    """An artifact that a backend runs; what both its rows have in common."""

    file: Path
    sha256: str
    stored: str | None
    cases: Sequence[Arrays]


@dataclass(slots=True)
class PairOutputs:
    """A pair, with the outputs that it was judged by; none where it could not be run.

    Attributes:
        pair: For the document.
        outputs: By name, for each input.
        stored: Precision of the artifact's weights.
        worst_inputs: For each layer the number of the input with its largest error, once layers were walked.
    """

    pair: ParityPair
    outputs: list[Arrays] = field(default_factory=list)
    stored: str | None = None
    worst_inputs: Mapping[str, int] = field(default_factory=dict)


def run_pairs(
    backend: str, find: Callable[[str], Path], settings: Settings, *, named: bool
) -> list[PairOutputs]:
    """Runs and judges a backend.

    Args:
        backend: A registered backend.
        find: Finds or makes its artifact.
        settings: What all have in common.
        named: Whether the user asked for it, or gave its artifact. One that was not named, and whose runtime
            does not take the artifact that was made for it, is left out with a warning.
    """
    try:
        artifact = find(backend)
    except CtkError as error:
        if not named and isinstance(error, UsageFault):
            return _left_out(backend, error.what, settings)
        return [failed_pair(backend, error, None)]
    try:
        cases = settings.cases_for(artifact)
        with ChildProcess(backend, settings.threads, settings.limit_s) as child:
            job = Job(backend, artifact, settings.threads, twice=True)
            ran = child.run(job, cases)
            subject = _Subject(artifact, sha256_file(artifact, "artifact"), stored_precision(artifact), cases)
            rows = [_judged(job, ran, subject, settings)]
            if settings.native:
                rows += _native(child, rows[0], subject, settings)
        return rows
    except LoadFailure as failure:
        if not named and isinstance(failure.error, EnvironmentFailed):
            return _left_out(backend, f"it cannot load this network: {failure.error.what}", settings)
        return [failed_pair(backend, failure.error, artifact)]
    except CtkError as error:
        return [failed_pair(backend, error, artifact)]


def _left_out(backend: str, why: str, settings: Settings) -> list[PairOutputs]:
    text = f"{backend} is left out: {why}"
    settings.notes.append(text)
    warn(text)
    return []


def failed_pair(
    backend: str, error: CtkError, artifact: Path | None, precision: str = DECIDING
) -> PairOutputs:
    """The pair of a backend that could not be run: its error and last words."""
    return PairOutputs(
        ParityPair(
            backend=backend,
            artifact=None if artifact is None else str(artifact),
            precision_requested=precision,
            decides=precision == DECIDING,
            verdict="failed",
            reason="; ".join([error.headline, *error.notes]),
            failure_code=error.code,
        )
    )


def _native(
    child: ChildProcess, first: PairOutputs, subject: _Subject, settings: Settings
) -> list[PairOutputs]:
    job = Job(first.pair.backend, subject.file, settings.threads, NATIVE, unless_equal=True)
    try:
        ran = child.run(job, subject.cases)
        if ran.facts["equal"]:
            ran = Ran(first.outputs, ran.facts)
            if len(subject.cases) > 1:
                settings.notes.append(_taken_over(job.backend, ran.facts["precision_executed"]))
        return [_judged(job, ran, subject, settings)]
    except LoadFailure as failure:
        if isinstance(failure.error, UsageFault):  # a backend with one precision offers no other
            return []
        return [failed_pair(job.backend, failure.error, job.artifact, NATIVE)]
    except CtkError as error:
        return [failed_pair(job.backend, error, job.artifact, NATIVE)]


def _taken_over(backend: str, executed: str | None) -> str:
    return (
        f"{backend}: its native precision is {executed}, and gave the bits of the {DECIDING} row for the first "
        "input, so its other inputs were not run again"
    )


def _judged(job: Job, ran: Ran, subject: _Subject, settings: Settings) -> PairOutputs:
    for text in ran.facts["warnings"]:
        settings.notes.append(f"{job.backend}: {text}")
    if ran.facts["deterministic"] is False:
        settings.notes.append(f"{job.backend}: a second run of the same input gave other bits")
    pair = _pair(job, ran, subject, settings)
    if settings.stated is None and pair.decides and _loosens(pair):
        settings.notes.append(
            f"{job.backend}: judged by the rule of {pair.precision_stored}, in which most of the artifact's weights "
            f"are stored: their rounding shows in the outputs, though {pair.precision_executed} was executed"
        )
    return PairOutputs(pair, ran.outputs, subject.stored)


def _loosens(pair: ParityPair) -> bool:
    """Whether the stored precision decides about the bounds, not the executed one alone."""
    alone = tolerance_of(None, pair.precision_executed, None)
    return alone is not None and tolerance_of(None, pair.precision_executed, pair.precision_stored) != alone


def bounds_for(
    backend: str, executed: str | None, stored: str | None, stated: Tolerance | None
) -> Tolerance | None:
    """As `tolerance_of`, for what a backend says that it executed.

    Raises:
        EnvironmentFailed: CTK404 where no rule follows from that.
    """
    if stated is None and executed is None:
        raise EnvironmentFailed(
            "CTK404",
            f"{backend} does not say which precision it executed, so no rule follows",
            notes=["state one: --rule rtol=1e-4,atol=1e-5"],
        )
    try:
        return tolerance_of(stated, executed, stored)
    except UsageFault as error:
        raise EnvironmentFailed("CTK404", f"{backend}: {error.what}", notes=error.notes) from error


def _pair(job: Job, ran: Ran, subject: _Subject, settings: Settings) -> ParityPair:
    executed = ran.facts["precision_executed"]
    tolerance = bounds_for(job.backend, executed, subject.stored, settings.stated)
    judged = judge_all(
        settings.references, ran.outputs, settings.names, tolerance, settings.optional, executed=executed
    )
    quality = settings.seen.quality(ran.outputs) if settings.seen is not None else []
    grey = settings.seen.reaches_grey(ran.outputs, quality) if settings.seen is not None else None
    verdict, reason = pair_verdict(judged, grey)
    return ParityPair(
        backend=job.backend,
        runtime_version=ran.facts["runtime_version"],
        artifact=str(job.artifact.absolute()),
        artifact_sha256=subject.sha256,
        precision_requested=job.precision,
        precision_executed=executed,
        precision_stored=subject.stored,
        decides=job.precision == DECIDING,
        outputs=judged.outputs,
        worst_input=judged.worst_input,
        border=judged.border,
        interior=judged.interior,
        deterministic=ran.facts["deterministic"],
        quality=quality,
        delta_e2000=max((one.delta_e2000 for one in quality), key=lambda d: d.mean, default=None),
        reaches_grey=grey,
        verdict=verdict,
        reason=reason,
    )
