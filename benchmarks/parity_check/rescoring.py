"""A saved run judged once more, by another rule or on another machine: no runtime takes part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.parity_check.arrays_file import Arrays
from benchmarks.parity_check.judging import judge_all, tolerance_of
from benchmarks.parity_check.pair_verdict import pair_verdict
from benchmarks.parity_check.rule import Tolerance
from benchmarks.parity_check.rule_option import parse_rule
from benchmarks.parity_check.rules_in_words import rules_in_words
from benchmarks.parity_check.saved_run import SavedRun, read_saved, read_saved_arrays
from benchmarks.parity_check.verdict import INTERRUPTED, document_verdict
from benchmarks.parity_document import ParityControl, ParityDocument, ParityPair
from toolkit.errors import BadInput, Inconclusive, Where


def rescore(folder: Path, rule: Tolerance | str | None = None) -> ParityDocument:
    """Judges the outputs in a folder that `parity` saved; a function of the folder and the rule alone.

    What does not depend on the rule (pictures, grey, weights, blame) stays as it was saved. What was found out
    about layers is dropped under another rule than that of the run.

    Args:
        folder: What ``save`` named.
        rule: Bounds, or their text; by default those of the run.

    Returns:
        The document anew, with its own verdict.

    Raises:
        BadInput: CTK501 or CTK502 when the folder is not whole, changed, or of an unknown schema.
        Inconclusive: CTK301 when no outputs were saved.
        UsageFault: CTK601 for a rule that means nothing.
    """
    document, saved = read_saved(folder)
    stated = parse_rule(rule) if isinstance(rule, str) else rule
    if stated is None and saved.rule is not None:
        stated = Tolerance(*saved.rule)
    references = read_saved_arrays(folder, saved.reference, len(saved.names))
    if not references or not any(references):
        raise Inconclusive("CTK301", "nothing was compared: no outputs were saved")
    again = _Again(folder, saved, references, stated)
    pairs = [again.pair(i, pair) for i, pair in enumerate(document.pairs)]
    controls = [again.control(i, control) for i, control in enumerate(document.controls)]
    verdict, reasons = document_verdict(
        pairs,
        controls,
        interrupted=INTERRUPTED in document.reasons,
        controls_asked=document.controls_asked,
    )
    return document.model_copy(
        update={
            "rule": rules_in_words(stated),
            "pairs": pairs,
            "controls": controls,
            "saved": str(folder.absolute()),
            "verdict": verdict,
            "reasons": reasons,
        }
    )


# The values inside are not saved, so that no other rule can be applied to them.
_NO_LAYERS: dict[str, Any] = {"layers": [], "first_divergent_layer": None, "first_amplifying_layer": None}


class _Again:
    def __init__(
        self, folder: Path, saved: SavedRun, references: Sequence[Arrays], stated: Tolerance | None
    ) -> None:
        self._folder = folder
        self._saved = saved
        self._references = references
        self._stated = stated
        of_run = None if saved.rule is None else Tolerance(*saved.rule)
        self._other_rule = stated != of_run

    def pair(self, i: int, pair: ParityPair) -> ParityPair:
        saved = self._saved.pairs[i]
        if saved is None:
            return pair
        found = read_saved_arrays(self._folder, saved, len(self._saved.names))
        tolerance = tolerance_of(self._stated, pair.precision_executed, saved.precision_stored)
        optional = frozenset(self._saved.optional)
        executed = pair.precision_executed
        judged = judge_all(self._references, found, self._saved.names, tolerance, optional, executed=executed)
        verdict, reason = pair_verdict(judged, pair.reaches_grey)
        return pair.model_copy(
            update={
                "outputs": judged.outputs,
                "worst_input": judged.worst_input,
                "border": judged.border,
                "interior": judged.interior,
                "verdict": verdict,
                "reason": reason,
                **(_NO_LAYERS if self._other_rule else {}),
            }
        )

    def control(self, i: int, control: ParityControl) -> ParityControl:
        saved = self._saved.controls[i]
        if saved is None:
            return control
        found = read_saved_arrays(self._folder, saved, None)
        if not 0 < len(found) <= len(self._saved.names):
            raise BadInput(
                "CTK502", f"a control has {len(found)} inputs, and the run {len(self._saved.names)}",
                Where(file=str(self._folder / saved.file)),
            )  # fmt: skip
        tolerance = tolerance_of(self._stated, saved.precision_executed, saved.precision_stored)
        judged = judge_all(
            self._references[: len(found)], found, self._saved.names[: len(found)], tolerance,
            frozenset(self._saved.optional),
        )  # fmt: skip
        named = None if self._other_rule else control.layer_named
        return control.model_copy(
            update={"outputs": judged.outputs, "seen": judged.passed is False, "layer_named": named}
        )
