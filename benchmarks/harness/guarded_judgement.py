"""The judgement of plausibility, which must not cost the figures that it is about."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.bench_document import BenchRun, Plausibility
from benchmarks.roofline.plausibility import unknown
from toolkit.errors import CtkError


def guarded(
    judge: Callable[[BenchRun], Plausibility | None], run: BenchRun, on_interrupt: Callable[[], None]
) -> Plausibility | None:
    """What the judge says; `unknown` with the reason where it cannot say anything.

    Args:
        judge: Judges a run.
        run: A run whose stages are known.
        on_interrupt: Called after Ctrl-C: probing the processor takes its time.
    """
    try:
        return judge(run)
    except CtkError as error:
        return unknown(error.headline)
    except KeyboardInterrupt:
        on_interrupt()
        return unknown("it was interrupted")
