"""The verdict of a document as an error of that exit status (DESIGN §4)."""

from __future__ import annotations

from benchmarks.parity_check.verdict import exit_status
from benchmarks.parity_document import ParityDocument
from reports.bench.figures import counted
from reports.parity.figures import document_reference
from toolkit.errors import (
    EXIT_INTERRUPTED,
    BadInput,
    CheckFailed,
    CtkError,
    EnvironmentFailed,
    Inconclusive,
    InternalFault,
    UsageFault,
)

# Of pairs that could not be run: the first digit of their code and the exit status belong together.
_BRANCHES: dict[int, tuple[str, type[CtkError]]] = {
    4: ("4", EnvironmentFailed),
    5: ("5", BadInput),
    64: ("6", UsageFault),
    70: ("7", InternalFault),
}
# Of a pair that failed without a code of its own.
_BACKEND_FAILED = "CTK404"


def error_of(document: ParityDocument) -> CtkError | None:
    """The error that ends the verb, with a note for each reason; None where all passes.

    An interrupted run has none of ours: its status is that of every interrupted verb.
    """
    status, reasons = exit_status(document), document.reasons
    if status in {0, EXIT_INTERRUPTED}:
        return None
    if status == 1:
        return CheckFailed("CTK101", _failed(document), notes=[*reasons, *_hint(document)])
    if status == 3:
        why = reasons[0] if reasons else "nothing was compared"
        return Inconclusive("CTK301", f"nothing can be concluded: {why}", notes=reasons[1:])
    digit, branch = _BRANCHES.get(status, _BRANCHES[4])
    return branch(_code(document, digit), "not every backend could be checked", notes=reasons)


def _failed(document: ParityDocument) -> str:
    deciding = [pair for pair in document.pairs if pair.decides]
    failed = sum(pair.verdict == "fail" for pair in deciding)
    return (
        f"{failed} of {counted(len(deciding), 'backend')} "
        f"{'differs' if failed == 1 else 'differ'} from {document_reference(document)}"
    )


def _hint(document: ParityDocument) -> list[str]:
    """What would tell more, where it was not asked for."""
    if any(pair.layers for pair in document.pairs):
        return []
    return ["--layers names the first layer that departs, --blame the part that explains the final error"]


def _code(document: ParityDocument, digit: str) -> str:
    codes = [pair.failure_code for pair in document.pairs if pair.decides and pair.verdict == "failed"]
    return next((code for code in codes if code and code[3:4] == digit), _BACKEND_FAILED)
