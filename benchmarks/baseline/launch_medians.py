"""Medians of rounds out of a document, as the statistics take them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.bench_document import BenchDocument, BenchRun, Comparison, Control, Interval, LaunchRecord
from benchmarks.stats.paired import Ratio, compare_medians, per_picture

STAGE = "infer"  # that of `LaunchRecord.rounds_ms`


def medians_of(run: BenchRun) -> list[NDArray[np.float64]]:
    """By launch, float64 milliseconds of its rounds; NaN for a round without a sample."""
    return [_rounds(launch) for launch in run.launches]


def ratio_between(document: BenchDocument, old: BenchRun, new: BenchRun) -> Ratio:
    """Time of `new` over that of `old`, on `STAGE`, per picture, paired by rounds.

    The document's own comparison of the two where it has one; else from the medians of their rounds. A launch with
    unequal numbers of rounds is then left out: nobody could tell which of them ran together.

    Raises:
        Inconclusive: CTK301 when the two have no round in common.
    """
    for one in document.comparisons:
        if one.stage == STAGE and {one.a, one.b} == {old.arm, new.arm}:
            return as_ratio(one) if one.a == old.arm else _turned(as_ratio(one))
    both = [{launch.launch: _rounds(launch) for launch in run.launches} for run in (old, new)]
    common = [n for n in sorted(both[0]) if n in both[1] and len(both[0][n]) == len(both[1][n])]
    found = compare_medians([both[0][n] for n in common], [both[1][n] for n in common])
    return per_picture(found, (old.batch, new.batch))


def as_ratio(one: Comparison) -> Ratio:
    """A comparison of a document as the statistics take it."""
    return Ratio(
        one.ratio, one.ci95, one.cross_check, one.n_launches, one.n_rounds, one.change, one.change_ci95
    )


def control_interval(control: Control | None) -> Interval | None:
    """The control's interval where it is one of `STAGE`."""
    return control.ci95 if control is not None and control.stage == STAGE else None


def _turned(found: Ratio) -> Ratio:
    return replace(
        found,
        ratio=1 / found.ratio,
        ci95=_inverse(found.ci95),
        cross_check=_inverse(found.cross_check),
        change=None if found.change is None else 1 / found.change,
        change_ci95=_inverse(found.change_ci95),
    )


def _inverse(interval: Interval | None) -> Interval | None:
    return None if interval is None else (1 / interval[1], 1 / interval[0])


def _rounds(launch: LaunchRecord) -> NDArray[np.float64]:
    return np.array(launch.rounds_ms, np.float64)  # null becomes NaN
