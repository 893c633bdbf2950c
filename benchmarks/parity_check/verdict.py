"""What all pairs and controls come to, and the exit status of a document (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from benchmarks.parity_document import DocumentVerdict, ParityControl, ParityDocument, ParityPair
from toolkit.errors import EXIT_INTERRUPTED, decisive_exit

INTERRUPTED = "it was interrupted"
# Issue 7 wants at least three generic controls for any network.
LEAST_CONTROLS = 3
# The family of a code is its first digit; toolkit.errors has the statuses.
_STATUS_OF_FAMILY = {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 64, "7": 70}


def document_verdict(
    pairs: Sequence[ParityPair],
    controls: Sequence[ParityControl],
    *,
    interrupted: bool = False,
    controls_asked: bool = False,
) -> tuple[DocumentVerdict, list[str]]:
    """The verdict and its reasons.

    A pair that decides and fails decides; then one that could not be run makes the whole ``incomplete``; a
    control that was not seen, too few of them, or nothing compared, leaves it ``inconclusive``. An artifact that
    fails may hold the very fault of a control, which then passes: that takes nothing from the failure.

    Args:
        pairs: All of them; those that do not decide are only shown.
        controls: Faults that were made on purpose.
        interrupted: Whether somebody ended it before all was run.
        controls_asked: Whether they were to be run: then fewer than `LEAST_CONTROLS` prove nothing.
    """
    reasons = [INTERRUPTED] if interrupted else []
    deciding = [pair for pair in pairs if pair.decides]
    reasons += [
        f"{_name(pair)}: {pair.reason or pair.verdict}" for pair in deciding if pair.verdict != "pass"
    ]
    unseen = [control for control in controls if not control.seen]
    failing = {pair.backend for pair in deciding if pair.verdict == "fail"}
    reasons += [_unseen(control, failing) for control in unseen]
    verdicts = {pair.verdict for pair in deciding}
    too_few = controls_asked and not interrupted and len(controls) < LEAST_CONTROLS
    if too_few and "pass" in verdicts:
        reasons.append(
            f"{len(controls)} controls ran: it takes {LEAST_CONTROLS} to know that this check sees faults"
        )
    if not verdicts:
        reasons.append("nothing was compared")
    if "fail" in verdicts:
        return "fail", reasons
    if interrupted or "failed" in verdicts:
        return "incomplete", reasons
    if unseen or too_few or not verdicts or "inconclusive" in verdicts:
        return "inconclusive", reasons
    return "pass", reasons


def exit_status(document: ParityDocument) -> int:
    """The exit status of `ctk parity`: of all that happened, the one that DESIGN §4 lets decide.

    1 where a pair that decides fails, 4 or 5 where its backend or artifact failed, 3 where nothing can be
    concluded, 130 where it was interrupted, 0 where all passes.
    """
    deciding = [pair for pair in document.pairs if pair.decides]
    found = {"fail": 1, "inconclusive": 3, "incomplete": 0, "pass": 0}
    statuses = [found[document.verdict]]
    statuses += [_status(pair.failure_code) for pair in deciding if pair.verdict == "failed"]
    if INTERRUPTED in document.reasons:
        statuses.append(EXIT_INTERRUPTED)
    return decisive_exit(statuses)


def _status(code: str | None) -> int:
    return _STATUS_OF_FAMILY.get((code or "CTK4").removeprefix("CTK")[:1], 4)


def _unseen(control: ParityControl, failing: Collection[str]) -> str:
    if control.failure is not None:
        return f"the control {control.fault!r} could not be run: {control.failure}"
    if control.backend in failing:
        return f"the control {control.fault!r} passes, made in an artifact that itself fails"
    return f"the control {control.fault!r} passes: the check cannot see it"


def _name(pair: ParityPair) -> str:
    return f"{pair.backend} at {pair.precision_requested}"
