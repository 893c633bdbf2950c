"""The shortest of many runs, and whether other work on the machine got in its way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

TASKS = Path("/proc/self/task")
_LEAST_RUNS = 3
# A thread that had to wait for a processor for more of the run than this made it longer by about as much.
_TOLERATED = 0.05


class BestRun(NamedTuple):
    """The shortest run.

    Attributes:
        seconds: How long it took.
        disturbed: Whether threads of it waited for a processor that other work held, so that a quiet machine
            would be faster. False too where the system does not tell.
    """

    seconds: float
    disturbed: bool


def best_run(call: Callable[[], object], seconds: float) -> BestRun:
    """Runs something as often as fits into a time, at least three times.

    Args:
        call: What is timed.
        seconds: The time; a run that began is finished.
    """
    runs: list[BestRun] = []
    end = perf_counter() + seconds
    while len(runs) < _LEAST_RUNS or perf_counter() < end:
        waited = waited_s()
        start = perf_counter()
        call()
        took = perf_counter() - start
        runs.append(BestRun(took, waited_s() - waited > _TOLERATED * took))
    return min(runs)


def waited_s(tasks: Path = TASKS) -> float:
    """Seconds that all threads of this process were ready to run and waited for a processor; 0 if unknown.

    Args:
        tasks: Where Linux describes the threads; the second figure of ``schedstat`` are nanoseconds.
    """
    waited = 0
    with suppress(OSError):
        for task in tasks.iterdir():
            with suppress(OSError, ValueError, IndexError):  # a thread may end meanwhile
                waited += int((task / "schedstat").read_text().split()[1])
    return waited / 1e9
