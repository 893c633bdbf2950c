"""Performs a call of `ctk parity`: a plan, a comparison, or a saved one judged again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.parity_check.rescoring import rescore
from benchmarks.parity_check.verdict import INTERRUPTED
from benchmarks.parity_document import ParityDocument
from reports.bench.delivery import keeps_samples
from reports.bench.judging import decisive
from reports.parity.cautions import document_cautions
from reports.parity.delivery import delivered
from reports.parity.judging import error_of
from reports.parity.progress_line import Listener, progress_line
from reports.parity.request import CAFFE_REFERENCE, Request
from toolkit.errors import UsageFault
from toolkit.messages import collected_warnings, note, warn


def show_plan(asked: Request, json_target: str | None) -> int:
    """Prints what would be compared, for ``--dry-run``.

    Raises:
        UsageFault: CTK601 beside ``--json``.
        CtkError: As `plan_lines`.
    """
    from reports.parity.planned import plan_lines

    if json_target is not None:
        raise UsageFault(
            "CTK601",
            "--dry-run and --json exclude each other: the document holds what was compared",
            notes=["`ctk parity --print-schema` shows what it would hold"],
        )
    sys.stdout.writelines(f"{line}\n" for line in plan_lines(asked))
    return 0


def perform(asked: Request, json_target: str | None, quiet: bool) -> int:
    """Compares, delivers, and ends with the verdict.

    Args:
        asked: What to compare.
        json_target: File of the document, ``-`` for standard output, or None.
        quiet: Whether progress and the summary were declined.

    Raises:
        CtkError: The one that decides, after everything was delivered.
        KeyboardInterrupt: After Ctrl-C, when what was compared is delivered.
    """
    with TemporaryDirectory(prefix="ctk-parity-pictures-") as folder:
        # Pictures wait there: a full disk beside the document must not cost the verdict.
        waiting = Path(folder) if keeps_samples(json_target) else None
        pictures_in = asked.rescore or asked.save or waiting
        with _warnings_once(), progress_line(quiet) as listener:
            document = _document(asked, pictures_in, listener)
        for caution in document_cautions(document):
            warn(caution)
        errors = delivered(document, json_target, pictures_in, summary=not quiet)
    if INTERRUPTED in document.reasons:
        for error in errors:
            note(f"also: {error.headline}")
        raise KeyboardInterrupt  # the one line and status of every interrupted verb
    verdict = error_of(document)
    deciding = decisive([*([verdict] if verdict else []), *errors])
    if deciding is not None:
        raise deciding
    return 0


def _document(asked: Request, pictures_in: Path | None, listener: Listener | None) -> ParityDocument:
    from benchmarks.parity_api import parity
    from reports.parity.planned import files_of, refuse_mistakes

    if asked.rescore is not None:
        return rescore(asked.rescore, asked.rule)
    refuse_mistakes(asked)
    return parity(
        asked.files or asked.model,
        reference=asked.reference or CAFFE_REFERENCE,
        backends=asked.backends,
        artifacts=files_of(asked),
        images=asked.images,
        rule=asked.rule,
        preset=asked.preset,
        native=asked.native,
        layers=asked.layers,
        blame=asked.blame,
        reproducer=asked.reproducer,
        save=asked.save,
        load=asked.load,
        pictures_in=pictures_in,
        threads=asked.threads,
        weights=asked.weights,
        progress=listener,
    )


@contextmanager
def _warnings_once() -> Iterator[None]:
    """Prints the warnings of the block after it, each once: what is read twice is warned of twice."""
    found: list[str] = []
    try:
        with collected_warnings() as found:
            yield
    finally:
        for text in dict.fromkeys(found):
            warn(text)
