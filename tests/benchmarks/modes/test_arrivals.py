"""Arrivals against a clock that only moves when somebody waits or serves: every latency is known."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.modes.arrivals import serve_arrivals


class Clock:
    def __init__(self, takes: Callable[[int], int]) -> None:
        self.now, self.takes = 1000, takes

    def read(self) -> int:
        return self.now

    def wait(self, moment: int) -> None:
        assert moment > self.now
        self.now = moment

    def serve(self, number: int) -> list[int]:
        begun = self.now
        self.now += self.takes(number)
        return [begun, self.now]


def served(count: int, period: int, queue: int, takes: Callable[[int], int]):
    clock = Clock(takes)
    found = serve_arrivals(count, period, queue, clock.serve, clock_ns=clock.read, wait_until_ns=clock.wait)
    latencies = [stamps[-1] - due for due, stamps in zip(found.due_ns, found.stamps_ns, strict=True)]
    numbers = [(due - 1000) // period for due in found.due_ns]
    return latencies, numbers, found.dropped


def test_a_server_that_is_fast_enough_keeps_nobody_waiting():
    assert served(5, 10, 8, lambda _: 7) == ([7] * 5, [0, 1, 2, 3, 4], [])


def test_one_stall_shows_in_everything_that_it_kept_waiting():
    # Number 1 (due at 10) takes 50 and ends at 60; number 2 (due at 20) ends at 65, and so on.
    latencies, numbers, dropped = served(12, 10, 8, lambda number: 50 if number == 1 else 5)
    assert latencies == [5, 50, 45, 40, 35, 30, 25, 20, 15, 10, 5, 5]
    assert numbers == list(range(12))
    assert dropped == []


def test_a_server_that_is_too_slow_falls_behind_by_what_it_lacks():
    latencies, _, dropped = served(6, 10, 8, lambda _: 15)
    assert latencies == [15 + 5 * k for k in range(6)]
    assert dropped == []


def test_the_queue_is_bounded_and_the_rest_is_dropped():
    # While number 0 is served (until 100), 1 and 2 wait; 3 to 10 find the queue full.
    latencies, numbers, dropped = served(11, 10, 2, lambda number: 100 if number == 0 else 1)
    assert numbers == [0, 1, 2]
    assert latencies == [100, 91, 82]
    assert dropped == list(range(3, 11))


def test_an_arrival_at_the_very_end_of_service_still_finds_the_queue_as_it_was():
    _, numbers, dropped = served(4, 10, 1, lambda number: 20 if number == 0 else 1)
    assert numbers == [0, 1, 3]
    assert dropped == [2]


def test_the_real_clock_is_waited_for():
    found = serve_arrivals(4, 2_000_000, 1, lambda number: [number])
    steps = [b - a for a, b in zip(found.due_ns, found.due_ns[1:], strict=False)]
    assert all(step % 2_000_000 == 0 for step in steps)
    assert len(found.due_ns) + len(found.dropped) == 4
