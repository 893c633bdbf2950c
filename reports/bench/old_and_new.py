"""The two arms of ``--against`` and ``--against-settings``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.harness.arm import Arm
from benchmarks.harness.arms_of import arms_of
from reports.bench.job import wanted_of
from reports.bench.request import Request
from reports.bench.varied_arms import varied
from toolkit.backends.listing import backend_class, formats_of
from toolkit.backends.opening import refuse_format


def old_and_new(asked: Request, kept: ExitStack, say: Callable[[str], None]) -> tuple[Arm, Arm]:
    """The arm that is the measure, and the one that may not be slower.

    Args:
        asked: What was asked for, with a gate.
        kept: Keeps an artifact made on demand in the cache.
        say: Told what is being made.

    Raises:
        CtkError: When one of them cannot be had: then there is nothing to compare.
    """
    if asked.against is not None:
        refuse_other_format(asked, asked.against)
    found = arms_of(wanted_of(asked), kept, say, partial(varied, asked))
    if found.failed:
        raise found.failed[0][1]
    old, new = found.arms
    return old, new


def refuse_other_format(asked: Request, file: Path) -> None:
    """Checks that the one backend of a gate can load a file.

    Raises:
        CtkError: As `refuse_format`.
    """
    backend = next(iter({*asked.backends, *asked.artifacts.by_backend}))
    refuse_format(backend, formats_of(backend, backend_class(backend)), file)
