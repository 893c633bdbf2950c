"""Which arms a request makes of one for each backend: a matrix, a sweep, or old and new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.harness.arm import Arm
from benchmarks.variations.sweep import swept
from reports.bench.arm_settings import with_settings
from reports.bench.matrix_requests import arms_of_cells
from reports.bench.request import Request


def varied(asked: Request, arms: Sequence[Arm]) -> list[Arm]:
    """The arms in the order of the document; of old and new the old one first, since ratios are over the first.

    Args:
        asked: What was asked for.
        arms: One for each backend.

    Raises:
        UsageFault: CTK601 for too many of them, or for old settings that are the new ones.
    """
    if asked.cells:
        return arms_of_cells(asked.cells, arms)
    if asked.sweep:
        return swept(arms, asked.sweep)
    if asked.gates:
        (new,) = arms
        return [_old(asked, new), new]
    return list(arms)


def _old(asked: Request, new: Arm) -> Arm:
    name = f"{new.name} (old)"
    if asked.against is not None:
        return replace(new, name=name, artifact=asked.against)
    return replace(with_settings(new, asked.against_settings), name=name)
