"""Arms against each other, and one against itself, as `ctk.bench/1` lists them."""

from __future__ import annotations

from benchmarks.bench_document import Comparison, Control
from benchmarks.harness.samples import ArmSamples, Measurement
from benchmarks.harness.stage_timing import TOTAL
from benchmarks.harness.warm_launches import kept_blocks
from benchmarks.stats.blocks import Blocks
from benchmarks.stats.paired import Ratio, compare, per_picture
from benchmarks.stats.verdicts import judge_comparison, judge_control
from toolkit.errors import Inconclusive

COMPARED = ("infer", TOTAL)


def blocks_of(samples: ArmSamples, stage: str) -> Blocks:
    """Nanoseconds of a stage by launch and round, behind the warm-up: what `statistics.paired.compare` takes."""
    return [kept_blocks(launch, stage) for launch in samples.launches]


def comparisons(found: Measurement, margin: float) -> list[Comparison]:
    """The first arm that succeeded against every other one, on `infer` and on the total, per picture."""
    good = [one for one in found.subjects if one.failure is None and any(one.blocks())]
    listed = []
    for other in good[1:]:
        for stage in COMPARED:
            ratio = _ratio(good[0], other, stage)
            if ratio is not None:
                listed.append(_comparison(good[0], other, stage, ratio, margin))
    return listed


def control(found: Measurement, margin: float, stage: str = "infer") -> Control | None:
    """An arm against itself on a stage; None where no control ran."""
    if found.control is None:
        return None
    first, second = (found.samples[name] for name in found.control)
    ratio = _ratio(first, second, stage)
    if ratio is None:
        return None
    return Control(
        arm=first.arm.name,
        stage=stage,
        ratio=ratio.ratio,
        ci95=ratio.ci95,
        resolution=ratio.half_width,
        verdict=judge_control(ratio.ci95, margin),
    )


def _ratio(a: ArmSamples, b: ArmSamples, stage: str) -> Ratio | None:
    """Per picture; None where no round has both, after Ctrl-C or in a network that takes no time."""
    try:
        found = compare(blocks_of(a, stage), blocks_of(b, stage))
    except Inconclusive:
        return None
    return per_picture(found, (a.arm.batch, b.arm.batch))


def _comparison(a: ArmSamples, b: ArmSamples, stage: str, ratio: Ratio, margin: float) -> Comparison:
    judged = judge_comparison(ratio, margin)
    words = [str(one.launches[0].info["precision_executed"]) for one in (a, b)]
    return Comparison(
        a=a.arm.name,
        b=b.arm.name,
        stage=stage,
        ratio=ratio.ratio,
        ci95=ratio.ci95,
        cross_check=ratio.cross_check,
        n_launches=ratio.n_launches,
        n_rounds=ratio.n_rounds,
        change=ratio.change,
        change_ci95=ratio.change_ci95,
        verdict=judged.verdict,
        executed_precisions=None if words[0] == words[1] else f"{words[0]} against {words[1]}",
        launches_needed=judged.launches_needed,
    )
