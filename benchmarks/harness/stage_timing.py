"""Per-stage times from shared stamps (benchmark_method.md §4).

Five stages have six stamps of one monotonic clock: a stage is the difference of two neighbours, the total
that of the last and the first, so the stages add up to the total exactly, in every iteration and therefore
in their means. Medians and percentiles do not add up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import EnvironmentFailed

STAGES = ("decode", "pre", "infer", "post", "encode")
TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The five stages; each takes what the one before it gave, the first a picture file's bytes, or several of a batch.

    A stage that only starts work on a device must wait for it: the stamp behind it closes the stage.
    """

    decode: Callable[[Any], Any]
    pre: Callable[[Any], Any]
    infer: Callable[[Any], Any]
    post: Callable[[Any], Any]
    encode: Callable[[Any], Any]


def time_block(
    pipeline: Pipeline, items: Sequence[Any], *, clock_ns: Callable[[], int] = perf_counter_ns
) -> NDArray[np.int64]:
    """Runs the pipeline once over every item, in their order, and stamps the borders of its stages.

    Args:
        pipeline: The stages.
        items: What ``decode`` takes: picture files as bytes, or batches of them.
        clock_ns: A monotonic clock in nanoseconds.

    Returns:
        int64, n×6, nanoseconds.

    Raises:
        CtkError: Whatever a stage raises.
    """
    stamps = np.empty((len(items), len(STAGES) + 1), np.int64)
    for index, item in enumerate(items):
        stamps[index] = _one_iteration(pipeline, item, clock_ns)
    return stamps


def _one_iteration(
    pipeline: Pipeline, picture: Any, clock_ns: Callable[[], int]
) -> tuple[int, int, int, int, int, int]:
    start = clock_ns()
    decoded = pipeline.decode(picture)
    after_decode = clock_ns()
    prepared = pipeline.pre(decoded)
    after_pre = clock_ns()
    inferred = pipeline.infer(prepared)
    after_infer = clock_ns()
    coloured = pipeline.post(inferred)
    after_post = clock_ns()
    pipeline.encode(coloured)
    return start, after_decode, after_pre, after_infer, after_post, clock_ns()


def durations_ns(stamps_ns: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Nanoseconds of each stage and of ``total``, int64 of n each, from stamps n×6.

    Raises:
        EnvironmentFailed: CTK410 when the clock went backwards.
    """
    stages = np.diff(stamps_ns, axis=1)
    if (stages < 0).any():
        raise EnvironmentFailed("CTK410", "the clock went backwards between two stages")
    named = {stage: stages[:, i] for i, stage in enumerate(STAGES)}
    return {**named, TOTAL: stamps_ns[:, -1] - stamps_ns[:, 0]}
