"""Where the warm-up of each launch ends (benchmark_method.md §5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.samples import Launch
from benchmarks.stats.warmup import Warmup, warmup

# What may be warming up: the network, or everything around it. In the total the one can hide the other.
_JUDGED = ("infer", "total")


def launch_warmup(launch: Launch) -> Warmup:
    """The warm-up of a launch: the later one of `infer` and of the total.

    Its measured blocks count, in their order; those that ran before the first round are cut already.
    """
    if not launch.measured:
        return Warmup(0, warm=True)
    found = [warmup(np.concatenate(_durations(launch, stage))) for stage in _JUDGED]
    return Warmup(max(one.cut for one in found), all(one.warm for one in found))


def is_warm(launch: Launch) -> bool:
    """Whether the launch had stopped getting faster."""
    return launch_warmup(launch).warm


def kept_blocks(launch: Launch, stage: str, rounds: int | None = None) -> list[NDArray[np.int64]]:
    """Nanoseconds of a stage behind the warm-up, by round; empty for a round that is all warm-up.

    Args:
        launch: The launch.
        stage: A stage, or ``total``.
        rounds: How many blocks to give, the missing ones empty; as many as there are when None.
    """
    kept = behind_cut(_durations(launch, stage), launch_warmup(launch).cut)
    missing = max((rounds or 0) - len(kept), 0)
    return kept + [np.empty(0, np.int64)] * missing


def behind_cut(blocks: Sequence[NDArray[np.int64]], cut: int) -> list[NDArray[np.int64]]:
    """Blocks without the first `cut` samples of them all; a block that is all cut stays, empty."""
    kept = []
    for block in blocks:
        kept.append(block[min(cut, len(block)) :])
        cut = max(cut - len(block), 0)
    return kept


def _durations(launch: Launch, stage: str) -> list[NDArray[np.int64]]:
    return [block.durations(stage) for block in launch.measured]
