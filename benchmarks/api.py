"""The Python API of measuring: one call that means what `ctk bench` means (DESIGN §2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from benchmarks.bench_document import BenchDocument, BenchRun, Gate, Plausibility
from benchmarks.environment import refuse_unknown_names
from benchmarks.harness.arm import Arm
from benchmarks.harness.arms_of import FoundArms, Wanted, arms_of
from benchmarks.harness.assembling import assemble
from benchmarks.harness.facts import facts_of, laid_pictures, subject_of
from benchmarks.harness.measuring import measure
from benchmarks.harness.plan import Plan, quick_plan
from benchmarks.harness.progress import Listener, Progress
from benchmarks.harness.samples import ArmSamples, Measurement
from benchmarks.harness.scratch_folder import scratch_folder
from benchmarks.roofline.guard import Guard
from benchmarks.roofline.plausibility import unknown
from benchmarks.roofline.winograd_use import is_cpu
from toolkit.backends.threads import thread_count
from toolkit.presets.registry import preset_named


def bench(
    model: str | Path | None = None,
    *,
    backends: Sequence[str] = (),
    artifacts: Mapping[str, Path] | None = None,
    arms: Sequence[Arm] = (),
    preset: str = "exact",
    images: Sequence[Path | str] = (),
    precision: str = "f32",
    threads: int | None = None,
    batch: int = 1,
    device: str | None = None,
    weights: Literal["released", "synthetic"] | None = None,
    launches: int = 5,
    rounds: int = 4,
    iterations: int = 10,
    margin: float = 0.03,
    seed: int = 0,
    quick: bool = False,
    allow_env: Sequence[str] = (),
    save_in: Path | None = None,
    plausibility: Callable[[BenchRun], Plausibility | None] | None = None,
    gate: Callable[[Measurement], Gate] | None = None,
    progress: Listener | None = None,
) -> BenchDocument:
    """Measures what a picture costs, stage by stage, in the mode latency.

    Args:
        model: Model card, or as a `Path` an artifact's file for every backend; the main model by default.
        backends: Backends to measure. By default those of `artifacts`, else all that are installed, except
            `caffe-reference`, which takes far too long.
        artifacts: Files by backend; for the others an artifact is made on demand.
        arms: What to measure, ready made; then `backends`, `artifacts`, `precision`, `threads`, `batch`,
            `device` and `weights` have no meaning.
        preset: Definition of pre- and postprocessing.
        images: Picture files, or folders of them; the built-in picture of 1024×768 by default.
        precision: ``f32``, ``f16``, ``bf16``, or ``native`` for whatever the runtime would choose.
        threads: Threads that compute; the physical cores by default.
        batch: Pictures in one inference; a file must take that many, an artifact made on demand is made for them.
        device: Where to compute, in the runtime's own words.
        weights: ``released`` or ``synthetic`` to insist on one in artifacts made on demand; the released ones where
            they are there, else synthetic ones, when None.
        launches: Processes of each arm, one after another; what intervals are over.
        rounds: In each launch.
        iterations: In each block; fewer where everything would take longer than 3 minutes.
        margin: Smallest fraction that counts as a change.
        seed: Of the order of the arms, and of the pictures' variations.
        quick: At most 30 s, figures without a verdict.
        allow_env: Environment problems that must not forbid a verdict, by name.
        save_in: Folder in whose blobs/ the samples are saved; nowhere when None. That they cannot be is a note in the
            document.
        plausibility: Judges a run whose stages are known. By default the roofline of `Guard`, for which the
            processor is probed once on each machine, about 15 s; a quick run is not judged.
        gate: Decides on a demanded comparison.
        progress: Told what happens next.

    Returns:
        The document. Arms that failed are in it; after Ctrl-C it holds what was measured until then, and its
        verdict is ``incomplete``.

    Raises:
        UsageFault: CTK601, CTK603 or CTK604 for arguments that mean nothing.
        BadInput: CTK518 when no picture can be read, CTK501 when the model is no file.
        EnvironmentFailed: CTK407 for more threads than logical processors, CTK401 or CTK402 when pictures cannot
            be laid into the temporary folder.
    """
    refuse_unknown_names(allow_env)
    preset_named(preset)
    count = thread_count(threads)
    began_s = time.monotonic()
    plan = Plan(launches, rounds, iterations, seed, preset, margin)
    with ExitStack() as kept:
        folder = kept.enter_context(scratch_folder("bench"))
        pictures = laid_pictures(images, folder)
        wanted = Wanted(model, backends, artifacts or {}, preset, precision, count, batch, device, weights)
        found_arms = _found(arms, wanted, kept, progress)
        if quick:
            plan = quick_plan(seed, preset, margin, arms=len(found_arms.arms))
        judges = plausibility or prepared_guard(found_arms.arms, quick, progress)
        subject = subject_of(found_arms.arms, model, pictures, weights)
        found = _measured(found_arms, plan, pictures.files, progress, began_s)
        facts = facts_of(
            subject,
            {name: samples.launches for name, samples in found.samples.items()},
            together=[samples.arm for samples in found.samples.values()],
            threads=max((samples.arm.threads for samples in found.subjects), default=count),
            allowed_env=allow_env,
            plausibility=judges,
            gate=gate,
        )
        return assemble(found, plan, facts, save_in=save_in)


def _found(arms: Sequence[Arm], wanted: Wanted, kept: ExitStack, progress: Listener | None) -> FoundArms:
    if arms:
        return FoundArms([arm.name for arm in arms], list(arms), [])

    return arms_of(wanted, kept, lambda what: _say(progress, f"preparing {what}"))


def prepared_guard(
    arms: Sequence[Arm], quick: bool, progress: Listener | None
) -> Callable[[BenchRun], Plausibility | None]:
    """The roofline; the processor is probed now, before anything is measured, where that was never done here.

    Args:
        arms: What will be measured.
        quick: Whether nothing is to be judged.
        progress: Told about every probe.
    """
    if quick:
        return lambda _: unknown("a quick run does not probe the processor")
    guard = Guard(
        on_step=lambda done, of, what: _say(progress, f"probing the processor, {done + 1} of {of}: {what}")
    )
    guard.prepare({arm.threads for arm in arms if is_cpu(arm.device or "CPU")})
    return guard


def _say(progress: Listener | None, what: str) -> None:
    if progress is not None:
        progress(Progress(what, 0, 0, None))


def _measured(
    found_arms: FoundArms, plan: Plan, pictures: Sequence[Path], progress: Listener | None, began_s: float
) -> Measurement:
    """The measurement, with the arms beside it that never had an artifact; all of it is on one budget."""
    found = Measurement({}, None)
    if found_arms.arms:
        spent_s = time.monotonic() - began_s
        found = measure(found_arms.arms, plan, pictures, progress, spent_s=spent_s)
    for arm, error in found_arms.failed:
        found.samples[arm.name] = ArmSamples(arm, failure=error)
    found.samples = {name: found.samples[name] for name in found_arms.in_order(list(found.samples))}
    return found
