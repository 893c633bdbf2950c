"""All outputs of a candidate against all references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

from benchmarks.parity_check.rule import OutputParity, Scope, Tolerance, judge, rule_text
from toolkit.errors import CheckFailed, Inconclusive

Verdict: TypeAlias = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True)
class OutputsParity:
    """Agreement of a candidate with its references.

    Attributes:
        outputs: One result for each reference in their order, then one for each extra output.
        verdict: ``pass`` when every one passes, ``inconclusive`` when there was none.
    """

    outputs: tuple[OutputParity, ...]
    verdict: Verdict


def compare_outputs(
    references: Mapping[str, NDArray[Any]],
    candidates: Mapping[str, NDArray[Any]],
    tolerance: Tolerance,
    scope: Scope = "channel",
) -> OutputsParity:
    """Judges every output by the rule; a missing or an extra output fails.

    Args:
        references: What the outputs should be, by name.
        candidates: What they are.
        tolerance: Bounds of the rule.
        scope: Where the rule takes its largest reference value; see `judge`.
    """
    results = []
    for name, reference in references.items():
        if name in candidates:
            results.append(judge(name, reference, candidates[name], tolerance, scope))
        else:
            results.append(_failed(name, "the output is missing", tolerance, scope))
    extra = [name for name in candidates if name not in references]
    results += [_failed(name, "there is no reference for this output", tolerance, scope) for name in extra]
    if not results:
        return OutputsParity((), "inconclusive")
    passed = all(result.status == "pass" for result in results)
    return OutputsParity(tuple(results), "pass" if passed else "fail")


def require_parity(found: OutputsParity) -> None:
    """Turns a verdict that is not ``pass`` into its error.

    Raises:
        CheckFailed: CTK101 with one note for each output that fails.
        Inconclusive: CTK301 when nothing was compared.
    """
    if found.verdict == "inconclusive":
        raise Inconclusive("CTK301", "nothing was compared: there is no output on either side")
    failed = [result for result in found.outputs if result.status == "fail"]
    if failed:
        raise CheckFailed(
            "CTK101",
            f"{len(failed)} of {len(found.outputs)} outputs differ from the reference",
            notes=[f"{result.name}: {result.reason}; rule: {result.rule}" for result in failed],
        )


def _failed(name: str, reason: str, tolerance: Tolerance, scope: Scope) -> OutputParity:
    return OutputParity(name=name, status="fail", reason=reason, rule=rule_text(tolerance, scope))
