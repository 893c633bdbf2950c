"""The published split beside ours: which part is larger, and what would be left if ``infer`` were free.

Never a speed-up: the two were measured on different machines (`benchmark_method.md` §9).
"""

from __future__ import annotations

from benchmarks.bench_document import BenchRun, Claim, ReferenceSplit
from benchmarks.claims.published import published_split

_AROUND = ("decode", "pre", "post", "encode")


def reference_split(run: BenchRun | None, published: Claim | None = None) -> ReferenceSplit:
    """The published claim, and the means of a run that was measured here, both of one picture.

    Args:
        run: The chosen arm's; nothing is said of ours when it is None or lacks a stage.
        published: The claim; that of the Atlas 200 DK by default.
    """
    claim = published if published is not None else published_split()
    stages = run.stages if run is not None else {}
    if run is None or any(name not in stages for name in (*_AROUND, "infer", "total")):
        return ReferenceSplit(
            published=claim, arm=None, measured_total_ms=None, measured_infer_ms=None,
            pre_and_post_ms=None, larger_part=None, total_if_infer_were_free_ms=None,
        )  # fmt: skip
    # Stages are those of a whole inference.
    infer_ms = stages["infer"].mean_ms / run.batch
    total_ms = stages["total"].mean_ms / run.batch
    around_ms = sum(stages[name].mean_ms for name in _AROUND) / run.batch
    return ReferenceSplit(
        published=claim,
        arm=run.arm,
        measured_total_ms=total_ms,
        measured_infer_ms=infer_ms,
        pre_and_post_ms=around_ms,
        larger_part="pre and post" if around_ms > infer_ms else "infer",
        total_if_infer_were_free_ms=total_ms - infer_ms,
    )
