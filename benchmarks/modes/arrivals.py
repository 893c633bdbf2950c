"""Arrivals on a clock, served one at a time from a bounded queue.

Latency counts from the moment at which a picture was *due*, not from when somebody came around to it: a stall
then shows in every picture that it kept waiting (coordinated omission, benchmark_method.md §10). Whoever serves
also keeps the queue: while a picture is served nothing leaves the queue, so admitting afterwards, in the order
of the due times, everything that was due meanwhile gives exactly the queue that a second thread would have kept,
and no such thread disturbs the measurement.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

# A sleep may end this much late; the rest of the time to wait is spent looking at the clock.
_SPUN_NS = 500_000


@dataclass(slots=True)
class Served:
    """What became of all arrivals.

    Attributes:
        due_ns: When each served one was due, in the order of service.
        stamps_ns: For each of them what serving it gave: nanoseconds at the borders of its stages.
        dropped: Numbers of those that found the queue full.
    """

    due_ns: list[int] = field(default_factory=list)
    stamps_ns: list[Sequence[int]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)


def serve_arrivals(
    count: int,
    period_ns: int,
    queue: int,
    serve: Callable[[int], Sequence[int]],
    *,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
    wait_until_ns: Callable[[int], None] | None = None,
) -> Served:
    """Serves arrivals number 0 to count - 1, of which number k is due k periods after the start.

    Args:
        count: How many.
        period_ns: Nanoseconds between two of them.
        queue: How many may wait, beside the one that is served.
        serve: Serves the arrival of that number, and gives its stamps.
        clock_ns: A monotonic clock.
        wait_until_ns: Returns when it shows that time; by sleeping, then spinning, by default.

    Raises:
        CtkError: Whatever serving raises.
    """
    wait = wait_until_ns or _wait_until
    found = Served()
    waiting: deque[int] = deque()
    start, following = clock_ns(), 0
    while following < count or waiting:
        now = clock_ns()
        while following < count and start + following * period_ns <= now:
            if len(waiting) < queue:
                waiting.append(following)
            else:
                found.dropped.append(following)
            following += 1
        if not waiting:
            if following < count:
                wait(start + following * period_ns)
            continue
        number = waiting.popleft()
        found.due_ns.append(start + number * period_ns)
        found.stamps_ns.append(serve(number))
    return found


def _wait_until(moment_ns: int) -> None:
    left = moment_ns - time.perf_counter_ns()
    if left > _SPUN_NS:
        time.sleep((left - _SPUN_NS) / 1e9)
    while time.perf_counter_ns() < moment_ns:
        pass
