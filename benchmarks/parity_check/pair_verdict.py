"""The verdict of one backend at one precision."""

from __future__ import annotations

from benchmarks.parity_check.judging import Judged
from benchmarks.parity_document import PairVerdict


def pair_verdict(judged: Judged, reaches_grey: bool | None) -> tuple[PairVerdict, str | None]:
    """The verdict, and why it is no ``pass``.

    Args:
        judged: By the rule; `passed` is None where nothing was compared by numbers.
        reaches_grey: Whether its error to the reference reaches that of a grey picture.
    """
    if judged.passed is False:
        return "fail", _why(judged)
    if reaches_grey:
        return "fail", "its error to the reference reaches that of a grey picture"
    if judged.passed is None:
        return "inconclusive", judged.unruled or "nothing was compared: there is no output on either side"
    return "pass", None


def _why(judged: Judged) -> str:
    worst = next(output for output in judged.outputs if output.status == "fail")
    where = judged.worst_input.get(worst.name)
    return f"{worst.name}: {worst.reason}" + (f" (input {where})" if where else "")
