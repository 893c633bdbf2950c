"""What a run would measure, for ``--dry-run``: nothing is made, loaded or measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.baseline.stored import load_baseline
from benchmarks.environment import refuse_unknown_names
from benchmarks.harness.arm import Arm
from benchmarks.harness.arms_of import UNMADE, asked_arms, names_of
from benchmarks.harness.pictures import gathered
from benchmarks.harness.plan import LEAST_ITERATIONS
from benchmarks.variations.sweep import refuse_unknown_precision
from reports.bench.figures import counted, percent
from reports.bench.job import wanted_of
from reports.bench.latency_job import plan_of
from reports.bench.mode_job import mode_plan
from reports.bench.request import Request
from reports.bench.varied_arms import varied
from toolkit.backends.listing import backend_class, formats_of, refuse_missing_runtime
from toolkit.backends.opening import refuse_format
from toolkit.messages import collected_warnings
from toolkit.models.card import model_card
from toolkit.models.main_model import MAIN_MODEL
from toolkit.presets.registry import preset_named


@dataclass(frozen=True, slots=True)
class PlannedArm:
    """One arm.

    Attributes:
        name: As the document will have it.
        source: Its artifact's file, or what it would be made of.
        settings: Precision, threads, batch, device and options in words.
    """

    name: str
    source: str
    settings: str


def refuse_mistakes(asked: Request) -> None:
    """Checks names, numbers and pictures, before anything costly is done for them.

    Raises:
        CtkError: As `benchmarks.bench` for what means nothing.
    """
    refuse_unknown_names(asked.allow_env)
    plan_of(asked) if asked.mode == "latency" else mode_plan(asked)
    preset_named(asked.preset)
    model_card(asked.model or MAIN_MODEL)
    for name in (*asked.backends, *asked.artifacts.by_backend):
        backend_class(name)
    refuse_unknown_precision(asked.precision)
    names_of(wanted_of(asked))
    if asked.images:
        with collected_warnings():  # the measurement says them
            gathered(asked.images)


def planned_arms(asked: Request) -> list[PlannedArm]:
    """The arms in the order of the document, after the checks that need no measurement.

    Raises:
        CtkError: As `refuse_mistakes`, and for artifacts that do not fit their backend.
    """
    refuse_mistakes(asked)
    if asked.baseline is not None:
        load_baseline(asked.baseline)
    return [_planned(asked, arm) for arm in varied(asked, asked_arms(wanted_of(asked)))]


def plan_lines(asked: Request, arms: Sequence[PlannedArm]) -> list[str]:
    """What would be measured, and how long at most."""
    if asked.mode != "latency":
        return _mode_lines(asked, arms)
    plan = plan_of(asked, len(arms))
    control = [] if plan.quick else [f"control: {arms[0].name} against itself"]
    processes = plan.launches * (len(arms) + len(control))
    until = [] if asked.until is None else [f"launches are added until intervals are ±{percent(asked.until)}"]
    return [
        *_arm_lines(arms),
        *control,
        f"{counted(plan.launches, 'launch')} × {counted(plan.rounds, 'round')} × "
        f"{counted(plan.iterations, 'iteration')}: {counted(processes, 'process')}, one for each arm and launch",
        f"estimated time: at most about {plan.budget_s:.0f} s; where that is too little, a block has fewer iterations, "
        f"at least {LEAST_ITERATIONS}, and the number is in the document. Artifacts that must be made first come on top",
        *until,
    ]


def _mode_lines(asked: Request, arms: Sequence[PlannedArm]) -> list[str]:
    plan = mode_plan(asked)
    window = "" if plan.mode == "cold" else f", {plan.window_s:g} s measured in each"
    return [*_arm_lines(arms), f"mode {plan.mode}: {counted(plan.launches * len(arms), 'process')}{window}"]


def _arm_lines(arms: Sequence[PlannedArm]) -> list[str]:
    return [f"arm {arm.name}: {arm.source}; {arm.settings}" for arm in arms]


def _planned(asked: Request, arm: Arm) -> PlannedArm:
    refuse_missing_runtime(arm.backend)
    if arm.artifact is UNMADE:
        kind = f" ({asked.weights} weights)" if asked.weights is not None else ""
        source = f"{model_card(asked.model or MAIN_MODEL).name}{kind}, made on demand"
    else:
        refuse_format(arm.backend, formats_of(arm.backend, backend_class(arm.backend)), arm.artifact)
        source = str(arm.artifact)
    settings: dict[str, object] = {"precision": arm.precision, "threads": arm.threads, "batch": arm.batch}
    if arm.device is not None:
        settings["device"] = arm.device
    return PlannedArm(arm.name, source, _words({**settings, **arm.options}))


def _words(settings: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())
