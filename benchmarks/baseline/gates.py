"""The gates of `ctk bench`: is the new arm slower than the old one by more than the margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from benchmarks.baseline.document_judgement import DocumentJudgement, document_verdict, judged
from benchmarks.baseline.doubts import doubts
from benchmarks.baseline.launch_medians import control_interval, ratio_between
from benchmarks.bench_document import BenchDocument, BenchRun, Gate
from benchmarks.stats.gating import judge_gate
from benchmarks.stats.intervals import Interval
from benchmarks.stats.paired import Ratio
from toolkit.errors import Inconclusive, UsageFault
from toolkit.nearest import did_you_mean

__all__ = ["DocumentJudgement", "against_gate", "document_verdict", "gate_of", "judged", "refuse_margin"]

Kind: TypeAlias = Literal["against", "against-settings", "baseline"]


def against_gate(
    document: BenchDocument,
    old_arm: str,
    new_arm: str,
    margin: float,
    *,
    kind: Literal["against", "against-settings"] = "against",
) -> Gate:
    """Decides on two arms that were interleaved in one run, by their `infer` per picture.

    Args:
        document: Its runs, control and environment count; its own gate does not.
        old_arm: Name of the arm that is the measure.
        new_arm: Name of the arm that may not be slower.
        margin: The slowdown that is allowed, such as 0.03.
        kind: Which option asked for it.

    Returns:
        ``inconclusive`` where one arm failed, or something forbids a conclusion.

    Raises:
        UsageFault: CTK603 for the name of no arm, CTK601 for a margin that is none.
    """
    refuse_margin(margin)
    old, new = (_run_named(document, name) for name in (old_arm, new_arm))
    failed = [run for run in (old, new) if run.status != "ok"]
    if failed:
        return _gate(
            kind, old, new, margin, reason=f"nothing was compared: {failed[0].arm} {failed[0].status}"
        )
    try:
        found = ratio_between(document, old, new)
    except Inconclusive as nothing:
        return _gate(kind, old, new, margin, reason=nothing.what)
    return gate_of(
        kind, (old, new), found, control_interval(document.control), margin, _against(document, old, new)
    )


def gate_of(
    kind: Kind,
    runs: tuple[BenchRun, BenchRun],
    found: Ratio,
    control: Interval | None,
    margin: float,
    against: Sequence[str],
) -> Gate:
    """The gate of a comparison that was made.

    Args:
        kind: Which option asked for it.
        runs: The old one and the new one.
        found: Time of the new one over that of the old one, per picture.
        control: Interval of an arm against itself in the new run.
        margin: The slowdown that is allowed.
        against: Why nothing may be concluded; then the verdict is ``inconclusive`` whatever the interval.
    """
    judged = judge_gate(found, control, margin)
    old, new = runs
    reason = judged.reason
    if old.precision_executed != new.precision_executed:
        reason += f"; {new.precision_executed} against {old.precision_executed}: different arithmetic"
    if old.batch != new.batch:
        reason += f"; per picture, batches of {new.batch} against {old.batch}"
    return Gate(
        kind=kind,
        state="compared",
        old=old.arm,
        new=new.arm,
        margin=margin,
        ratio=found.ratio,
        ci95=found.ci95,
        verdict="inconclusive" if against else judged.verdict,
        reason="; ".join([*against, reason]),
        launches_needed=None if against else judged.launches_needed,
    )


def refuse_margin(margin: float) -> None:
    """Checks a margin.

    Raises:
        UsageFault: CTK601 for one that is not between 0 and 10 (a slowdown to 11 times the time).
    """
    if not 0 < margin < 10:
        raise UsageFault("CTK601", f"a margin must be more than 0 and less than 1000 %, not {margin:.4g}")


def _gate(kind: Kind, old: BenchRun, new: BenchRun, margin: float, reason: str) -> Gate:
    return Gate(
        kind=kind,
        state="compared",
        old=old.arm,
        new=new.arm,
        margin=margin,
        verdict="inconclusive",
        reason=reason,
    )


def _against(document: BenchDocument, *runs: BenchRun) -> list[str]:
    return doubts(document.environment.findings, runs)


def _run_named(document: BenchDocument, name: str) -> BenchRun:
    runs = {run.arm: run for run in document.runs}
    if name not in runs:
        raise UsageFault("CTK603", f"unknown arm {name!r}", notes=did_you_mean(name, runs))
    return runs[name]
