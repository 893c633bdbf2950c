"""A run held against a stored one: the second choice, since machines change (DESIGN §8.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.baseline.doubts import doubts
from benchmarks.baseline.fingerprint import differences, fingerprint, machine_fields
from benchmarks.baseline.gates import gate_of, refuse_margin
from benchmarks.baseline.launch_medians import control_interval, medians_of
from benchmarks.baseline.stored import why_no_baseline
from benchmarks.bench_document import BenchDocument, BenchRun, Gate
from benchmarks.machine import Machine
from benchmarks.stats.unpaired import compare_with_stored
from toolkit.errors import EnvironmentFailed, Inconclusive, UsageFault

_ORDER = ("pass", "description", "inconclusive", "regression")  # the worst last


@dataclass(frozen=True, slots=True)
class _Pair:
    old: BenchRun
    new: BenchRun


def compare_with_baseline(
    document: BenchDocument,
    baseline: BenchDocument | None,
    max_regression: float,
    *,
    allow_different_machine: bool = False,
    saving: bool = False,
) -> Gate:
    """Decides whether a run is slower than a stored one by more than a margin, by `infer`.

    Every arm is held against the stored arm of its name, or the only one of its backend, and the worst decides.
    The interval is Welch's over launches, widened by the reach of the stored control; the run's own control must
    lie within the margin. A stored run that `save_baseline` would refuse decides nothing, whoever laid it there.

    Args:
        document: The new run.
        baseline: As `load_baseline` gives it; None where there is none yet.
        max_regression: The slowdown that is allowed, such as 0.03.
        allow_different_machine: Whether another machine, or other runtimes, give a description without a verdict.
        saving: Whether this very run becomes the baseline that is missing; then its absence is no failure.

    Raises:
        EnvironmentFailed: CTK411 on another machine, with a note for each field that differs.
        UsageFault: CTK601 when the two are of different models, modes, presets, precisions, devices or batches.
    """
    refuse_margin(max_regression)
    if baseline is None:
        return no_baseline_yet(max_regression, saving=saving)
    settings = document.settings
    refuse_other_subject(baseline, model=document.model.name, mode=settings.mode, preset=settings.preset)
    pairs = _pairs(document, baseline)
    if not pairs:
        return _nothing(max_regression, "no arm that was measured here is in the baseline")
    for pair in pairs:
        _refuse_other_arm(pair)
    unlike = _unlike(document, baseline, pairs)
    if unlike and not allow_different_machine:
        raise _other_machine(unlike)
    gates = [_gate(document, baseline, pair, max_regression) for pair in pairs]
    return _worst([_described(gate, unlike) for gate in gates] if unlike else gates)


def no_baseline_yet(margin: float, *, saving: bool = False) -> Gate:
    """The named state of a first run: nothing was compared, unless it was the purpose to begin.

    Args:
        margin: The one that was asked for.
        saving: Whether this run is saved as that baseline.
    """
    done = "this run becomes it" if saving else "nothing was compared; save one with --save-baseline"
    return Gate(
        kind="baseline",
        state="no baseline yet",
        old=None,
        new=None,
        margin=margin,
        verdict="description" if saving else "inconclusive",
        reason=f"no baseline yet: {done}",
    )


def refuse_other_subject(baseline: BenchDocument, *, model: str | None, mode: str, preset: str) -> None:
    """Checks what is known before anything was measured.

    Args:
        baseline: The stored run.
        model: Name of the model; None where only the artifact will tell.
        mode: What is measured.
        preset: Definition of pre- and postprocessing: it decides what the network gets, and its head.

    Raises:
        UsageFault: CTK601 when the baseline is of another model, mode or preset.
    """
    pairs = (
        ("model", baseline.model.name, model),
        ("mode", baseline.settings.mode, mode),
        ("preset", baseline.settings.preset, preset),
    )
    for what, stored, wanted in pairs:
        if wanted is not None and stored != wanted:
            raise UsageFault(
                "CTK601",
                f"the baseline is of the {what} {stored!r}, and this run of {wanted!r}",
                notes=["keep one baseline for each model, mode and preset"],
            )


def refuse_other_machine(baseline: BenchDocument, machine: Machine) -> None:
    """Checks the machine before anything is measured; versions and threads are known only afterwards.

    Raises:
        EnvironmentFailed: CTK411 when it is another one.
    """
    unlike = differences(machine_fields(machine), machine_fields(baseline.machine))
    if unlike:
        raise _other_machine(unlike)


def _pairs(document: BenchDocument, baseline: BenchDocument) -> list[_Pair]:
    new, old = (
        [run for run in one.runs if run.status == "ok" and run.origin == "measured"]
        for one in (document, baseline)
    )
    found = ((run, _stored(run, new, old)) for run in new)
    return [_Pair(stored, run) for run, stored in found if stored is not None]


def _stored(run: BenchRun, new: Sequence[BenchRun], old: Sequence[BenchRun]) -> BenchRun | None:
    same = [other for other in old if other.backend == run.backend]
    named = [other for other in same if other.arm == run.arm]
    if named:
        return named[0]
    alone = len(same) == 1 and sum(other.backend == run.backend for other in new) == 1
    return same[0] if alone else None


def _refuse_other_arm(pair: _Pair) -> None:
    for field in ("precision_requested", "precision_executed", "device", "batch"):
        stored, here = getattr(pair.old, field), getattr(pair.new, field)
        if stored != here:
            raise UsageFault(
                "CTK601",
                f"the baseline's {field.replace('_', ' ')} of {pair.new.arm} is {stored}, and here it is {here}",
                notes=["only like can be compared; for different settings: ctk bench --against-settings"],
            )


def _unlike(document: BenchDocument, baseline: BenchDocument, pairs: Sequence[_Pair]) -> list[str]:
    found: dict[str, None] = {}
    for pair in pairs:
        here, there = fingerprint(document, [pair.new.arm]), fingerprint(baseline, [pair.old.arm])
        found |= dict.fromkeys(differences(here.model_dump(), there.model_dump()))
    return list(found)


def _other_machine(unlike: Sequence[str]) -> EnvironmentFailed:
    return EnvironmentFailed(
        "CTK411",
        f"the baseline was measured on another machine or with other runtimes: {unlike[0]}",
        notes=[
            *unlike[1:],
            "measure old and new here: ctk bench --against ARTIFACT",
            "--allow-different-machine gives a description without a verdict",
        ],
    )


def _gate(document: BenchDocument, baseline: BenchDocument, pair: _Pair, margin: float) -> Gate:
    stored = control_interval(baseline.control)
    try:
        found = compare_with_stored(medians_of(pair.old), medians_of(pair.new), stored)
    except Inconclusive as nothing:
        return _nothing(margin, f"{pair.new.arm}: {nothing.what.removeprefix('nothing was compared: ')}")
    # There is no interval without the stored control, and the statistics would take it for a single launch.
    unfit = why_no_baseline(baseline)
    against = [] if unfit is None else [f"the baseline decides nothing: {unfit}"]
    against += doubts(document.environment.findings, [pair.new])
    here = control_interval(document.control)
    gate = gate_of("baseline", (pair.old, pair.new), found, here, margin, against)
    return gate if stored is not None else gate.model_copy(update={"reason": "; ".join(against)})


def _nothing(margin: float, reason: str) -> Gate:
    return Gate(
        kind="baseline",
        state="compared",
        old=None,
        new=None,
        margin=margin,
        verdict="inconclusive",
        reason=f"nothing was compared: {reason}",
    )


def _described(gate: Gate, unlike: Sequence[str]) -> Gate:
    return gate.model_copy(
        update={
            "state": "other machine",
            "verdict": "description",
            "reason": "another machine or other runtimes, so no verdict: " + "; ".join(unlike),
            "launches_needed": None,
        }
    )


def _worst(gates: Sequence[Gate]) -> Gate:
    worst = max(gates, key=lambda gate: (_ORDER.index(gate.verdict), gate.ratio or 0.0))
    if len(gates) == 1:
        return worst
    said = f"{worst.new}: {worst.reason}; the worst of {len(gates)} arms"
    return worst.model_copy(update={"reason": said})
