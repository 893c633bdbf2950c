"""Small runs of the simulated starts: the checks keep wrong verdicts away, and cost steady arms little."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.settling_simulations import CASES, broken_bounds, row
from benchmarks.statistics_simulations import Protocol

RUNS = 40


@pytest.mark.parametrize("name", ["8 %, old ramp 30 %", "0 %, new ramp 30 %"])
def test_a_cold_arm_does_not_get_a_wrong_verdict(name: str):
    shares = row(np.random.default_rng(1), CASES[name], Protocol(), RUNS)
    assert shares["wrong without"] > 0.3
    assert shares["wrong"] <= 0.1


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.is_steady])
def test_steady_arms_keep_their_verdicts(name: str):
    shares = row(np.random.default_rng(2), CASES[name], Protocol(10, 4, 10), RUNS)
    assert shares["right without"] > 0.9
    assert shares["right"] >= shares["right without"] - 0.1
    assert shares["wrong"] == 0


def test_bounds_that_do_not_hold_are_named():
    steady, cold = CASES["8 %, steady"], CASES["8 %, old ramp 30 %"]
    good = {"right without": 0.95, "right": 0.94, "wrong without": 0.5, "wrong": 0.02}
    assert broken_bounds({"a": good}, steady) == broken_bounds({"a": good}, cold) == []
    lossy = {**good, "right": 0.85}
    assert broken_bounds({"a": lossy}, steady) == ["a: right in 85.0%, and without checks 95.0%"]
    assert broken_bounds({"a": {**lossy, "right without": 0.9}}, steady) == []
    assert broken_bounds({"a": lossy}, cold) == []
    assert broken_bounds({"a": {**good, "wrong": 0.2}}, cold) == ["a: a slowdown passed in 20.0%"]
