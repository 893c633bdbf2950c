"""Where the document goes: JSON, samples, CSV, a baseline, the terminal. One that fails does not stop the others."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.baseline.stored import save_baseline
from benchmarks.bench_document import BenchDocument
from benchmarks.harness.saved_samples import BLOBS, UNSAVED
from reports.attempt import attempt
from reports.bench.csv_rows import write_csv
from reports.bench.show import show
from toolkit.atomic import write_atomically
from toolkit.documents import deliver
from toolkit.errors import CtkError, EnvironmentFailed, UsageFault
from toolkit.messages import note

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Targets:
    """Where to.

    Attributes:
        json: File, ``-`` for standard output, or None.
        csv: File, or None.
        baseline: File, or None.
        summary: Whether the terminal gets the figures too.
    """

    json: str | None
    csv: Path | None
    baseline: Path | None
    summary: bool = True

    def __post_init__(self) -> None:
        """Checks that no file would be written twice.

        Raises:
            UsageFault: CTK601 for a CSV file that another output is to become.
        """
        others = [] if self.json is None or self.json == STANDARD_OUTPUT else [Path(self.json)]
        others += [self.baseline] if self.baseline is not None else []
        if self.csv is not None and self.csv.absolute() in [other.absolute() for other in others]:
            raise UsageFault("CTK601", f"two outputs were given the same file, {self.csv}")


def targets_of_mode(targets: Targets, mode: str) -> Targets:
    """The same with the mode in the names: ``out.json`` becomes ``out.throughput.json``.

    Raises:
        UsageFault: CTK601 for standard output, which takes one document.
    """
    if targets.json == STANDARD_OUTPUT:
        raise UsageFault(
            "CTK601",
            "--json - takes one document, and a matrix of several modes gives one for each",
            notes=["write --json FILE: the modes are put into the names"],
        )
    json = None if targets.json is None else str(_with_mode(Path(targets.json), mode))
    return replace(targets, json=json, csv=targets.csv and _with_mode(targets.csv, mode))


def _with_mode(path: Path, mode: str) -> Path:
    return path.with_name(f"{path.stem}.{mode}{path.suffix}")


def keeps_samples(target: str | None) -> bool:
    """Whether there is a folder beside the JSON document in which samples can be kept."""
    if target is None or target == STANDARD_OUTPUT:
        return False
    path = Path(target)
    return path.is_file() or not path.exists()


def delivered(document: BenchDocument, targets: Targets, samples_in: Path | None) -> list[CtkError]:
    """Writes everything that can be written; the terminal gets its figures whatever fails.

    Args:
        document: What was measured.
        targets: Where to.
        samples_in: Folder in whose blobs/ the samples wait for their place beside the document.

    Returns:
        What could not be written.
    """
    failures = unsaved(document)
    if targets.json is not None and samples_in is not None and keeps_samples(targets.json):
        place = Path(targets.json).parent / BLOBS
        attempt(failures, lambda: _move_samples(samples_in / BLOBS, place))
    taken = targets.json == STANDARD_OUTPUT
    attempt(failures, lambda: deliver(document, targets.json))
    if targets.summary and not taken:
        attempt(failures, lambda: _shown(document))
    if targets.csv is not None:
        file = targets.csv
        attempt(failures, lambda: write_csv(document, file))
    if targets.baseline is not None:
        baseline = targets.baseline
        before = len(failures)
        attempt(failures, lambda: save_baseline(document, baseline))
        if len(failures) == before:
            note(f"saved as a baseline: {baseline}")
    return failures


def unsaved(document: BenchDocument) -> list[CtkError]:
    """Samples that could not even wait for their place."""
    return [
        EnvironmentFailed(
            "CTK401", text, notes=["the figures are complete; TMPDIR names the folder for samples"]
        )
        for text in document.notes
        if text.startswith(UNSAVED)
    ]


def _shown(document: BenchDocument) -> None:
    show(document, sys.stdout)
    sys.stdout.flush()  # what cannot be written must show now, among the other failures


def _move_samples(source: Path, target: Path) -> None:
    if not source.is_dir():
        return
    for file in sorted(source.iterdir()):
        place = target / file.name
        if not place.exists():
            write_atomically(place, file.read_bytes())
