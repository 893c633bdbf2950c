"""The verdict of a document and its exit status, and the error that states it (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.baseline.document_judgement import judged as with_verdict
from benchmarks.bench_document import BenchDocument
from toolkit.errors import (
    EXIT_INTERRUPTED,
    BadInput,
    CtkError,
    EnvironmentFailed,
    Inconclusive,
    InternalFault,
    RegressionFound,
    UsageFault,
    decisive_exit,
)

_BRANCHES: dict[int, type[CtkError]] = {4: EnvironmentFailed, 5: BadInput, 64: UsageFault, 70: InternalFault}
# Of a problem that has no code of its own: the host's, or a worker's without one.
_HOST_CODE = "CTK410"
_WORKER_CODE = "CTK404"


@dataclass(frozen=True, slots=True)
class Judged:
    """A document with its final verdict.

    Attributes:
        document: Its `verdict` and `reasons` agree with the status.
        exit_status: Of `ctk bench`, before anything is delivered.
        errors: What happened, where the document alone does not tell it.
    """

    document: BenchDocument
    exit_status: int
    errors: tuple[CtkError, ...] = ()


def judged(document: BenchDocument) -> Judged:
    """Combines runs, host, gate and control into the verdict.

    A quick run that has nothing against it has no verdict either (`inconclusive`), and is no failure: figures were
    asked for, and here they are.

    Args:
        document: With its gate, where one was asked for.
    """
    decided, found = with_verdict(document)
    if found.exit_status == 0 and not document.settings.quick and document.verdict == "inconclusive":
        # What only a mode sees, such as Little's law that does not hold.
        return Judged(document, 3)
    return Judged(decided, found.exit_status)


def with_refusal(found: Judged, refusal: CtkError) -> Judged:
    """Figures without the comparison that was demanded: they are kept, and never pass.

    Args:
        found: The document without a gate, not interrupted.
        refusal: Why there is none.
    """
    status = decisive_exit([found.exit_status, refusal.exit_status])
    reasons = [f"--baseline: {refusal.headline}", *found.document.reasons]
    document = found.document.model_copy(update={"verdict": "fail", "reasons": reasons})
    return Judged(document, status, (refusal, *errors_of(found)))


def errors_of(found: Judged) -> list[CtkError]:
    """The verdict as an error with a note for each reason; none for status 0.

    Args:
        found: Not interrupted: that has no error of ours.
    """
    if found.errors:
        return list(found.errors)
    reasons = found.document.reasons
    status = found.exit_status
    if status in {0, EXIT_INTERRUPTED}:
        return []
    if status == 2:
        return [RegressionFound("CTK201", "slower than the gate allows", notes=reasons)]
    if status == 3:
        return [_inconclusive(found.document)]
    branch = _BRANCHES.get(status, EnvironmentFailed)
    code = _code_of(found.document, branch)
    return [branch(code, f"not everything could be measured: {reasons[0]}", notes=reasons[1:])]


def decisive(errors: Sequence[CtkError]) -> CtkError | None:
    """The error whose status decides, with all others among its notes."""
    if not errors:
        return None
    status = decisive_exit([error.exit_status for error in errors])
    chosen = next(error for error in errors if error.exit_status == status)
    for other in errors:
        if other is not chosen:
            chosen.notes = (*chosen.notes, f"also: {other.headline}", *other.notes)
    return chosen


def _inconclusive(document: BenchDocument) -> Inconclusive:
    if not any(run.stages or run.items_per_s is not None for run in document.runs):
        return Inconclusive("CTK301", "nothing was measured", notes=document.reasons)
    notes = document.reasons[1:]
    gate = document.gate
    if gate is not None and gate.verdict == "inconclusive" and gate.launches_needed is not None:
        notes = [
            *notes,
            f"about {gate.launches_needed} launches would decide: --launches {gate.launches_needed}",
        ]
    return Inconclusive("CTK303", f"nothing can be concluded: {document.reasons[0]}", notes=notes)


def _code_of(document: BenchDocument, branch: type[CtkError]) -> str:
    """The code of the first failed run that has that status, or of a control that failed alone; else the host's."""
    failed = [run for run in document.runs if run.status == "failed"]
    digit = {4: "4", 5: "5", 64: "6", 70: "7"}[branch.exit_status]
    codes = [run.failure_code for run in failed if run.failure_code and run.failure_code[3:4] == digit]
    if not failed and document.control_failure is not None and document.control_failure[3:4] == digit:
        codes = [document.control_failure[:6]]
    if codes:
        return codes[0]
    return _WORKER_CODE if failed else _HOST_CODE
