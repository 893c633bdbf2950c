"""Stage timing under a clock that is told what to say, and on the real one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.harness.stage_timing import STAGES, Pipeline, durations_ns, time_block
from toolkit.errors import EnvironmentFailed

COST_NS = {
    "decode": 7_000_000,
    "pre": 11_000_000,
    "infer": 100_000_000,
    "post": 13_000_000,
    "encode": 17_000_000,
}


class Workshop:
    """A clock that moves only when a stage works, and stages that cost what `COST_NS` says."""

    def __init__(self, slow_first: int = 0) -> None:
        self.now = 1_000
        self.seen = []
        self.runs = 0
        self.slow_first = slow_first

    def clock_ns(self):
        return self.now

    def stage(self, name: str):
        def work(value: Any) -> str:
            self.now += COST_NS[name] + (self.slow_first if self.runs == 0 else 0)
            if name == "encode":
                self.seen.append(value)
                self.runs += 1
            return f"{value.decode() if name == 'decode' else value}>{name}"

        return work

    def pipeline(self):
        return Pipeline(**{name: self.stage(name) for name in STAGES})


def test_each_stage_gets_its_own_time_and_the_value_before_it():
    shop = Workshop()
    taken = time_block(shop.pipeline(), [b"a", b"b", b"a"], clock_ns=shop.clock_ns)
    assert taken.shape == (3, 6)
    assert {stage: set(values) for stage, values in durations_ns(taken).items()} == {
        **{stage: {cost} for stage, cost in COST_NS.items()}, "total": {148_000_000},
    }  # fmt: skip
    assert shop.seen == [f"{picture}>decode>pre>infer>post" for picture in "aba"]


def test_every_iteration_has_its_own_times():
    shop = Workshop(slow_first=1_000_000_000)
    taken = time_block(shop.pipeline(), [b"a"] * 3, clock_ns=shop.clock_ns)
    assert durations_ns(taken)["infer"].tolist() == [1_100_000_000, 100_000_000, 100_000_000]


def test_sums_are_exact_in_every_iteration_on_the_real_clock():
    work = Pipeline(*[lambda value: sum(range(200)) and value] * 5)
    durations = durations_ns(time_block(work, [b"x"] * 500))
    assert (sum(durations[stage] for stage in STAGES) == durations["total"]).all()
    assert durations["total"].min() > 0


def test_a_clock_that_goes_backwards():
    with pytest.raises(EnvironmentFailed, match="CTK410"):
        durations_ns(np.array([[5, 6, 8, 5, 9, 14]]))


def test_an_error_of_a_stage_comes_through():
    def fails(_value: Any) -> None:
        raise OSError("gone")

    pipeline = Pipeline(*[Workshop().stage(name) for name in STAGES[:4]], fails)
    with pytest.raises(OSError, match="gone"):
        time_block(pipeline, [b"a"])
