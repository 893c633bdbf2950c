"""What the reader of a document should not miss: lines `warning:` on standard error."""

from __future__ import annotations

from benchmarks.parity_document import ParityDocument, ParityPair
from reports.bench.figures import counted
from reports.parity.figures import pair_name


def document_cautions(document: ParityDocument) -> list[str]:
    """Skipped inputs, another precision than asked, outputs that change from run to run; in words."""
    skipped = [one.name for one in document.inputs if not one.usable]
    cautions = [text for pair in document.pairs for text in _pair_cautions(pair)]
    if skipped:
        total = counted(len(document.inputs), "input")
        cautions.append(f"{len(skipped)} of {total} skipped: {', '.join(skipped)}")
    return cautions


def _pair_cautions(pair: ParityPair) -> list[str]:
    if pair.verdict == "failed":
        return []
    cautions = []
    asked, executed = pair.precision_requested, pair.precision_executed
    if asked not in {"native", executed}:
        cautions.append(
            f"{pair.backend}: precision {asked} was asked for, and "
            + (f"{executed} was executed" if executed else "what was executed is unknown")
        )
    if pair.deterministic is False:
        cautions.append(f"{pair_name(pair)}: a second run of the same input gave other bits")
    return cautions
