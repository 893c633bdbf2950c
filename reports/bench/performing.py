"""Performs the jobs of one call of `ctk bench`: a plan, or measurements with their deliveries."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks.harness.scratch_folder import scratch_folder
from reports.bench.cautions import document_cautions
from reports.bench.delivery import Targets, delivered, keeps_samples, targets_of_mode
from reports.bench.judging import decisive, errors_of
from reports.bench.measuring import measured
from reports.bench.planned import plan_lines, planned_arms
from reports.bench.progress_bar import progress_bar
from reports.bench.request import Request
from toolkit.errors import EXIT_INTERRUPTED, CtkError, UsageFault
from toolkit.messages import note, warn


def show_plan(jobs: Sequence[Request], json_target: str | None) -> int:
    """Prints what would be measured, for ``--dry-run``.

    Raises:
        UsageFault: CTK601 beside ``--json``, and as `planned_arms`.
    """
    if json_target is not None:
        raise UsageFault(
            "CTK601",
            "--dry-run and --json exclude each other: the document holds what was measured",
            notes=["`ctk bench --print-schema` shows what it would hold"],
        )
    for asked in jobs:
        sys.stdout.writelines(f"{line}\n" for line in plan_lines(asked, planned_arms(asked)))
    return 0


def measure_all(jobs: Sequence[Request], targets: Targets, quiet: bool) -> int:
    """Measures one job after another, and delivers each.

    Args:
        jobs: One for each mode.
        targets: Where to; with several jobs, the modes are put into the names.
        quiet: Whether progress was declined.

    Raises:
        CtkError: The one that decides, after everything was delivered.
        KeyboardInterrupt: After Ctrl-C, when what was measured is delivered.
    """
    alone = len(jobs) == 1
    places = [targets if alone else targets_of_mode(targets, asked.mode) for asked in jobs]
    errors: list[CtkError] = []
    for asked, place in zip(jobs, places, strict=True):
        try:
            errors += _measure(asked, place, quiet)
        except CtkError as error:  # the next mode may still be measured
            errors.append(error)
    deciding = decisive(errors)
    if deciding is not None:
        raise deciding
    return 0


def _measure(asked: Request, targets: Targets, quiet: bool) -> list[CtkError]:
    with scratch_folder("bench-samples") as folder:
        # Samples wait there: a full disk beside the document must not cost the figures.
        samples_in = folder if keeps_samples(targets.json) else None
        with progress_bar(quiet) as listener:
            found = measured(asked, listener, samples_in)
        for caution in document_cautions(found.document):
            warn(caution)
        failures = delivered(found.document, targets, samples_in)
    if found.exit_status == EXIT_INTERRUPTED:
        for failure in failures:
            note(f"also: {failure.headline}")
        raise KeyboardInterrupt  # the one line and status of every interrupted verb
    return [*failures, *errors_of(found)]
