"""The verdict of a whole document, its reasons, and the exit status (DESIGN §4 and §5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.baseline.doubts import implausible, not_warm
from benchmarks.baseline.launch_medians import control_interval
from benchmarks.bench_document import (
    BenchDocument,
    BenchRun,
    BenchSettings,
    Control,
    DocumentVerdict,
    EnvironmentFinding,
    Gate,
)
from benchmarks.stats.intervals import inside
from toolkit.errors import EXIT_INTERRUPTED, EXIT_PRECEDENCE, decisive_exit
from toolkit.explanations import EXIT_STATUS_OF_FAMILY

_VERDICTS: dict[int, DocumentVerdict] = {
    0: "pass",
    2: "regression",
    3: "inconclusive",
    EXIT_INTERRUPTED: "incomplete",
}
_GATES = {"pass": 0, "description": 0, "regression": 2, "inconclusive": 3}
_MOST_WORDS = 300


class DocumentJudgement(NamedTuple):
    """What a run of `ctk bench` comes to.

    Attributes:
        verdict: ``pass`` means measured, plausible, and no demanded gate failed.
        reasons: Everything that happened, in the order of DESIGN §4's exit statuses: the decisive first.
        exit_status: The one that decides by DESIGN §4.
    """

    verdict: DocumentVerdict
    reasons: list[str]
    exit_status: int


class _Reason(NamedTuple):
    status: int
    text: str


def document_verdict(
    runs: Sequence[BenchRun],
    findings: Iterable[EnvironmentFinding],
    gate: Gate | None = None,
    control: Control | None = None,
    *,
    control_failure: str | None = None,
    target_missed: str | None = None,
    interrupted: bool = False,
    quick: bool = False,
) -> DocumentJudgement:
    """Combines everything that may be wrong.

    Failed runs, and a control that failed alone, count with the exit status of their code, 4 without one; a
    problem of the environment 4; a gate's regression 2; a noisy host, an implausible figure, an undecided gate,
    a control that does not resolve the gate's margin, a run that was not warm, a target that was not reached,
    and nothing measured 3; an interruption 130. A quick run that nothing speaks against ends with 0 and still
    has no verdict but ``inconclusive``: only figures were asked for. Comparisons between backends never count.

    Args:
        runs: All runs.
        findings: What was found about the host.
        gate: The gate, where one was asked for.
        control: The control of the run.
        control_failure: Code and last words of a control that did not end well.
        target_missed: What was to be reached and was not.
        interrupted: Whether Ctrl-C ended it.
        quick: Whether only figures were asked for; whether its one launch was warm is then only mentioned.
    """
    found = [
        *(
            [_Reason(EXIT_INTERRUPTED, "interrupted: what was measured until then is kept")]
            if interrupted
            else []
        ),
        *_of_runs(runs, quick=quick),
        *_of_failed_control(runs, control_failure),
        *_of_environment(findings),
        *([] if target_missed is None else [_Reason(3, target_missed)]),
        *_of_gate(gate, control),
    ]
    if quick:
        found.append(_Reason(0, "a quick run gives figures, never a verdict"))
    exit_status = decisive_exit([reason.status for reason in found])
    found.sort(key=lambda reason: EXIT_PRECEDENCE.index(reason.status))
    reasons = [reason.text for reason in found] or ["everything was measured, and nothing speaks against it"]
    without = quick and exit_status == 0
    verdict = "inconclusive" if without else _VERDICTS.get(exit_status, "fail")
    return DocumentJudgement(verdict, reasons, exit_status)


def judged(document: BenchDocument, gate: Gate | None = None) -> tuple[BenchDocument, DocumentJudgement]:
    """The document with a gate, and with the verdict and the reasons that follow from all of it.

    Args:
        document: A run; whether it was interrupted or quick is in it.
        gate: What was decided afterwards; the document's own one by default.
    """
    gate = document.gate if gate is None else gate
    found = document_verdict(
        document.runs,
        document.environment.findings,
        gate,
        document.control,
        control_failure=document.control_failure,
        target_missed=_target_missed(document.settings),
        interrupted=document.verdict == "incomplete",
        quick=document.settings.quick,
    )
    decided = {"gate": gate, "verdict": found.verdict, "reasons": found.reasons}
    return document.model_copy(update=decided), found


def _of_runs(runs: Sequence[BenchRun], *, quick: bool) -> Iterator[_Reason]:
    for run in runs:
        if run.status == "failed":
            yield _Reason(_failure_status(run.failure_code), f"{run.arm}: failed: {_first_line(run.failure)}")
        elif run.status == "skipped":
            yield _Reason(0, f"{run.arm}: skipped: {_first_line(run.failure)}")
        elif not _measured(run):
            yield _Reason(3, f"{run.arm}: nothing was measured")
        for text in implausible(run):
            yield _Reason(3, text)
        for text in not_warm(run):
            yield _Reason(0 if quick else 3, text)
    if not any(run.status == "ok" for run in runs):
        yield _Reason(3, "nothing was measured: no run ended well")


def _of_failed_control(runs: Sequence[BenchRun], failure: str | None) -> Iterator[_Reason]:
    """Only where it failed alone: with an arm that fails, its control has to go as well."""
    if failure is not None and not any(run.status == "failed" for run in runs):
        code, _, words = failure.partition(" ")
        yield _Reason(_failure_status(code), f"there is no control: {_first_line(words)}")


def _target_missed(settings: BenchSettings) -> str | None:
    if settings.until_ci is None or settings.until_reached is not False:
        return None
    return f"--until ci={settings.until_ci:.2%}: not reached with {settings.launches} launches"


def _of_environment(findings: Iterable[EnvironmentFinding]) -> Iterator[_Reason]:
    for one in findings:
        if one.severity == "too_noisy":
            yield _Reason(3, f"the host was too noisy: {one.message}")
        elif one.severity == "problem":
            yield _Reason(4, f"the environment: {one.message}")
        elif one.allowed:
            yield _Reason(0, one.message)


def _of_gate(gate: Gate | None, control: Control | None) -> Iterator[_Reason]:
    if gate is None:
        return
    yield _Reason(_GATES[gate.verdict], f"--{gate.kind}: {gate.verdict}: {gate.reason}")
    if gate.state != "compared" or gate.verdict == "inconclusive":
        return
    interval = control_interval(control)
    if interval is None or not inside(interval, gate.margin):
        yield _Reason(3, f"the control does not resolve {gate.margin:.2%} on this host")


def _measured(run: BenchRun) -> bool:
    timed = any(stage.n > 0 for stage in run.stages.values())
    return timed or run.items_per_s is not None or any(v is not None for v in run.mode_figures.values())


def _failure_status(code: str | None) -> int:
    return EXIT_STATUS_OF_FAMILY.get((code or "")[3:4], 4)


def _first_line(words: str | None) -> str:
    lines = (words or "").strip().splitlines()
    return lines[0][:_MOST_WORDS] if lines else "without a word"
