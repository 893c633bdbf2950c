"""Whether a latency is possible at all: the roofline of `benchmark_method.md` §8."""

from __future__ import annotations

from math import isfinite

from benchmarks.bench_document import Plausibility
from benchmarks.roofline.cost import GraphCost
from benchmarks.roofline.peaks import Bandwidth, Rate

LIKELY_CAUSES = (
    "an asynchronous call was timed without a wait",
    "the unit is wrong",
    "work was cached or skipped",
    "the graph was cut",
    "the figure is for one layer or one picture of a batch",
    "the peak is wrong",
)
"""In the order to test them (`benchmark_method.md` §8)."""
_DISTURBED = "other work disturbed the probes, so that the peak may be higher and nothing is concluded"


def judge(
    cost: GraphCost,
    peak: Rate | None,
    bandwidth: Bandwidth | None,
    median_infer_ms: float,
    precision: str,
    *,
    winograd: bool = False,
) -> Plausibility:
    """Holds a latency against max(FLOPs / peak, bytes / bandwidth).

    Args:
        cost: Of the whole run, all pictures of its batch.
        peak: For that very precision (`Peaks.peak`); None where none is known.
        bandwidth: None where it is not known; then FLOPs alone decide.
        median_infer_ms: Median of ``infer``.
        precision: The executed one, a word of DESIGN §1.
        winograd: Whether the runtime may use Winograd's algorithm; then 3×3 convolutions count 1/5.06.

    Returns:
        ``implausible`` below the floor; ``unknown`` without a peak or a number, or below one that is not certain,
        which is not a pass.
    """
    if peak is None:
        return unknown(f"no peak known at {precision}", cost)
    if not isfinite(median_infer_ms):
        return unknown("the latency is no number", cost)
    gflop = cost.least_flops(winograd=winograd) / 1e9
    compute_ms = gflop / peak.gflops * 1e3
    memory_ms = (
        0.0 if bandwidth is None else _outside_bytes(cost, bandwidth, precision) / bandwidth.gb_s / 1e6
    )
    floor_ms = max(compute_ms, memory_ms)
    below = median_infer_ms < floor_ms
    # A floor that is too high forbids too much: above it a latency is possible all the same, below it who knows.
    doubtful = below and not (peak.is_certain and (bandwidth is None or bandwidth.is_certain))
    words = [
        _compute_words(cost, peak, precision, winograd=winograd),
        _memory_words(cost, bandwidth, precision),
        _verdict_words(median_infer_ms, floor_ms, gflop),
        *cost.remarks,
        *([_DISTURBED] if doubtful else []),
    ]
    return Plausibility(
        floor_ms=floor_ms,
        verdict="unknown" if doubtful else "implausible" if below else "plausible",
        gflop=gflop,
        moved_bytes=cost.moved_bytes(precision),
        peak_gflops=peak.gflops,
        bandwidth_gb_s=bandwidth.gb_s if bandwidth else None,
        peak_source=peak.source,
        arithmetic="; ".join(words),
        likely_causes=list(LIKELY_CAUSES) if below else [],
    )


def unknown(why: str, cost: GraphCost | None = None) -> Plausibility:
    """The verdict where the guard cannot judge, which is not a pass.

    Args:
        why: What is missing.
        cost: Where it is known.
    """
    return Plausibility(
        floor_ms=None,
        verdict="unknown",
        gflop=cost.flops / 1e9 if cost else None,
        arithmetic=f"guard: {why}",
    )


def _outside_bytes(cost: GraphCost, bandwidth: Bandwidth, precision: str) -> int:
    """Bytes that have to come from memory in every run: caches may keep the rest from the run before."""
    return max(0, cost.moved_bytes(precision) - bandwidth.kept_bytes)


def _compute_words(cost: GraphCost, peak: Rate, precision: str, *, winograd: bool) -> str:
    gflop = cost.least_flops(winograd=winograd) / 1e9
    fewer = ""
    if winograd and cost.winograd_flops:
        fewer = f" (of {_short(cost.flops / 1e9)}: 3×3 convolutions at 1/5.06, for Winograd)"
    took = _ms(gflop / peak.gflops * 1e3)
    return f"{_short(gflop)} GFLOP{fewer} / {_short(peak.gflops)} GFLOP/s at {precision} = {took}"


def _memory_words(cost: GraphCost, bandwidth: Bandwidth | None, precision: str) -> str:
    moved = _short(cost.moved_bytes(precision) / 1e6)
    if bandwidth is None:
        return f"{moved} MB, and no bandwidth known"
    kept = f" less {_short(bandwidth.kept_bytes / 1e6)} MB of caches" if bandwidth.kept_bytes else ""
    took = _ms(_outside_bytes(cost, bandwidth, precision) / bandwidth.gb_s / 1e6)
    return f"{moved} MB{kept} / {_short(bandwidth.gb_s)} GB/s = {took}"


def _verdict_words(median_infer_ms: float, floor_ms: float, gflop: float) -> str:
    if median_infer_ms < floor_ms:
        rate = f", and would be {_short(gflop / median_infer_ms)} TFLOP/s" if median_infer_ms > 0 else ""
        return f"{_ms(median_infer_ms)} is below the floor of {_ms(floor_ms)}{rate}"
    if not floor_ms:
        return f"{_ms(median_infer_ms)}, and nothing was counted"
    return (
        f"{_ms(median_infer_ms)} is {_short(median_infer_ms / floor_ms)} times the floor of {_ms(floor_ms)}"
    )


def _ms(figure: float) -> str:
    return f"{figure:.3g} ms" if figure < 1e3 else f"{figure:.0f} ms"


def _short(figure: float) -> str:
    """Four significant digits, without an exponent for figures of a usual size."""
    return f"{figure:.4g}" if figure < 1e4 else f"{figure:.0f}"
