"""The demo's verdict: that of parity, and whether everything could be measured."""

from __future__ import annotations

from benchmarks.bench_document import BenchDocument
from benchmarks.parity_check.verdict import INTERRUPTED
from benchmarks.parity_document import ParityDocument
from reports.bench.delivery import unsaved
from reports.bench.judging import errors_of, judged
from reports.demo.document import DemoDocument
from reports.parity.judging import error_of
from toolkit.errors import EXIT_INTERRUPTED, CtkError

_INCONCLUSIVE = 3


def is_interrupted(found: ParityDocument | BenchDocument) -> bool:
    """Whether Ctrl-C ended it early."""
    if isinstance(found, ParityDocument):
        return INTERRUPTED in found.reasons
    return judged(found).exit_status == EXIT_INTERRUPTED


def demo_errors(document: DemoDocument) -> list[CtkError]:
    """What ends the verb: a parity that is no pass, a backend that could not be measured, samples that are not kept.

    A host too noisy for a verdict is none of them: the demo asks for figures alone, and shows what was found.

    Args:
        document: Not interrupted.
    """
    unmatched = error_of(document.parity)
    found = [] if unmatched is None else [unmatched]
    if document.bench is None:
        return found
    measured = [error for error in errors_of(judged(document.bench)) if error.exit_status != _INCONCLUSIVE]
    return [*found, *measured, *unsaved(document.bench)]
