"""``--profile-layers``: one more process of an arm, whose runtime counts the time of every layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench_document import BenchRun
from benchmarks.harness.arm import Arm
from benchmarks.harness.plan import Plan
from benchmarks.layer_profile.joining import Joined, join_layers
from benchmarks.modes.mode_process import ModeProcess
from toolkit.artifact import read_sidecar
from toolkit.backends.profiling import CountedLayer

DEFAULT_ITERATIONS = 10


@dataclass(frozen=True, slots=True)
class LayerProfile:
    """Times of the layers of one arm.

    Attributes:
        joined: Every kernel, with the Caffe layers that it executes.
        infer_ms: Median of the very inferences that were counted; counting costs time itself.
        iterations: How many those are.
    """

    joined: Joined
    infer_ms: float
    iterations: int


def profile_layers(
    arm: Arm, plan: Plan, pictures: Sequence[Path], iterations: int = DEFAULT_ITERATIONS
) -> LayerProfile:
    """Profiles an arm in a process of its own, apart from every measurement.

    Args:
        arm: What to profile.
        plan: For its preset, its seed and its limits.
        pictures: Picture files that can be decoded, one at least.
        iterations: Inferences that are counted.

    Raises:
        UsageFault: CTK604 when the backend does not tell the times of single layers.
        CtkError: As `WorkerProcess.ask`.
    """
    with ModeProcess(arm, plan, pictures, 0) as process:
        found = process.load_with("layers", iterations=iterations, launch=0)
    counted = [CountedLayer(**{**one, "nodes": tuple(one["nodes"])}) for one in found["layers"]]
    document = read_sidecar(arm.artifact)
    return LayerProfile(
        join_layers(counted, None if document is None else document.ledger), found["infer_ms"], iterations
    )


def with_layers(run: BenchRun, profile: LayerProfile) -> BenchRun:
    """A run with its layers, and among its figures their sum against the median of `infer`.

    Args:
        run: The same arm, as measured without counting.
        profile: Its layers.
    """
    total = profile.joined.sum_ms
    measured = run.stages["infer"].p50_ms if "infer" in run.stages else None
    figures: dict[str, float | int | str | None] = {
        "layers_sum_ms": total,
        "layers_iterations": profile.iterations,
        "layers_profiled_infer_p50_ms": profile.infer_ms,
        "layers_sum_over_profiled_infer": total / profile.infer_ms if profile.infer_ms > 0 else None,
        "layers_sum_over_infer": total / measured if measured else None,
        "layers_uncounted": ", ".join(profile.joined.uncounted) or None,
    }
    return run.model_copy(
        update={"layers": list(profile.joined.layers), "mode_figures": {**run.mode_figures, **figures}}
    )
