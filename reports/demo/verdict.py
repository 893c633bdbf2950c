"""The demo's verdict as an exit status."""

from __future__ import annotations

from benchmarks.parity_check.compare import OutputsParity, require_parity
from reports.demo.backends import REFERENCE, deciding_failures
from reports.demo.document import DemoDocument, DemoParity
from toolkit.errors import CheckFailed, Inconclusive


def refuse_document(document: DemoDocument) -> None:
    """Turns a verdict that is not ``pass`` into its error: that of the pictures, then that of the backends.

    Raises:
        CheckFailed: CTK101.
        Inconclusive: CTK301.
    """
    refuse_verdict(document.parity)
    failed = deciding_failures(document.backends)
    if failed:
        raise CheckFailed("CTK101", f"not the same as {REFERENCE} at f32: {', '.join(failed)}")


def refuse_verdict(parity: DemoParity) -> None:
    """Turns a verdict that is not ``pass`` into its error.

    Raises:
        CheckFailed: CTK101 with one note for each output of each picture that fails.
        Inconclusive: CTK301 when there was no picture, or the check did not see a fault made on purpose.
    """
    blind = [control.fault for control in parity.controls if not control.seen]
    if blind:
        raise Inconclusive(
            "CTK301",
            "the check concludes nothing: it did not see a fault made on purpose",
            notes=[f"not seen: {fault}" for fault in dict.fromkeys(blind)],
        )
    outputs = tuple(
        output.model_copy(update={"name": f"{picture.picture}, {output.name}"})
        for picture in parity.pictures
        for output in picture.outputs
    )
    require_parity(OutputsParity(outputs, parity.verdict))
