from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.roofline import best_run as module
from benchmarks.roofline.best_run import best_run, waited_s


class Clock:
    """A machine on which the n-th run takes times[n] seconds, waits[n] of them for a processor."""

    def __init__(self, times: list[float], waits: list[float]) -> None:
        self.now = self.waited = 0.0
        self._left = iter(zip(times, waits, strict=True))

    def run(self) -> None:
        took, waited = next(self._left)
        self.now += took
        self.waited += waited


def on(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Clock:
    monkeypatch.setattr(module, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(module, "waited_s", lambda: clock.waited)
    return clock


def test_the_shortest_run_counts_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = on(monkeypatch, Clock([3.0, 1.0, 2.0, 4.0], [2.0, 0.0, 1.0, 3.0]))
    assert best_run(clock.run, 6.5) == (1.0, False)
    assert clock.now == 10.0  # the run that began before the end is finished


def test_there_are_at_least_three_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = on(monkeypatch, Clock([5.0, 4.0, 3.0], [0.0, 0.0, 0.0]))
    assert best_run(clock.run, 1.0).seconds == 3.0


def test_a_shortest_run_that_had_to_wait_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = on(monkeypatch, Clock([2.0, 1.0, 2.0], [0.0, 0.06, 0.0]))
    assert best_run(clock.run, 1.0) == (1.0, True)


def test_waiting_is_summed_over_threads(tmp_path: Path) -> None:
    for name, text in {"1": "10 2000000000 3", "2": "10 500000000 3", "3": "nonsense"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "schedstat").write_text(text)
    (tmp_path / "4").mkdir()  # ended meanwhile
    assert waited_s(tmp_path) == 2.5
    assert waited_s(tmp_path / "absent") == 0
