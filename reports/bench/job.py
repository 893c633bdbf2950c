"""What stands around a measurement that is more than a plain `benchmarks.bench`: arms, pictures, and the host.

Sweeps, ``--until``, the modes beside latency and ``--profile-layers`` go this way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.bench_document import BenchRun, Plausibility
from benchmarks.harness.arm import Arm
from benchmarks.harness.arms_of import FoundArms, Wanted, arms_of
from benchmarks.harness.assembling import Facts
from benchmarks.harness.facts import Subject, facts_of, laid_pictures, subject_of
from benchmarks.harness.samples import Launch
from benchmarks.harness.scratch_folder import scratch_folder
from reports.bench.request import Request
from reports.bench.varied_arms import varied
from toolkit.backends.threads import thread_count

Judge = Callable[[BenchRun], Plausibility | None]


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that a measurement needs.

    Attributes:
        found: The arms, and those whose artifact could not be had.
        subject: Pictures, artifacts, and the host before.
        began_s: `time.monotonic` when it was begun: what is made first counts too.
    """

    found: FoundArms
    subject: Subject
    began_s: float

    @property
    def arms(self) -> list[Arm]:
        """The arms that can run."""
        return self.found.arms

    @property
    def pictures(self) -> Sequence[Path]:
        """Picture files of our own."""
        return self.subject.pictures.files


def prepared(asked: Request, arms: Sequence[Arm], kept: ExitStack, say: Callable[[str], None]) -> Job:
    """Makes what is missing, and looks at the host.

    Args:
        asked: What was asked for.
        arms: Ready-made ones; those that the request means when there are none.
        kept: Keeps artifacts and pictures until the measurement ends.
        say: Told what is being made.

    Raises:
        CtkError: As `benchmarks.bench`.
    """
    began_s = time.monotonic()
    folder = kept.enter_context(scratch_folder("bench"))
    pictures = laid_pictures(asked.images, folder)
    if arms:
        found = FoundArms([arm.name for arm in arms], list(arms), [])
    else:
        found = arms_of(wanted_of(asked), kept, say, partial(varied, asked))
    return Job(found, subject_of(found.arms, asked.source, pictures, asked.weights), began_s)


def wanted_of(asked: Request) -> Wanted:
    """The request as `arms_of` takes it."""
    return Wanted(
        asked.source,
        asked.backends,
        asked.artifacts.by_backend,
        asked.preset,
        asked.precision,
        thread_count(asked.threads),
        asked.batch,
        asked.device,
        asked.weights,
    )


def facts_of_job(
    asked: Request,
    job: Job,
    launches: Mapping[str, Sequence[Launch]],
    guard: Judge,
    together: Sequence[Arm],
) -> Facts:
    """What the document holds beside the samples.

    Args:
        asked: What was asked for.
        job: What was measured.
        launches: As `facts_of`.
        guard: Judges plausibility.
        together: As `facts_of`.
    """
    return facts_of(
        job.subject,
        launches,
        together=together,
        threads=max((arm.threads for arm in job.arms), default=thread_count(asked.threads)),
        allowed_env=asked.allow_env,
        plausibility=guard,
    )
