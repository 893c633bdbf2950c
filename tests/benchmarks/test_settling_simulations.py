"""Small runs of the simulated starts: the check keeps wrong verdicts away, and costs steady arms little."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.settling_simulations import CASES, PROTOCOLS, broken_bounds, row

RUNS = 40


@pytest.mark.parametrize("name", ["8 %, old ramp 30 %", "0 %, new ramp 30 %"])
def test_a_cold_arm_does_not_get_a_wrong_verdict(name: str):
    shares = row(np.random.default_rng(1), CASES[name], PROTOCOLS["5 x 4 x 10"], RUNS)
    assert shares["wrong before"] > 0.3  # a launch of 40 samples cannot show that it is cold
    assert shares["wrong"] <= 0.05


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.is_steady])
def test_steady_arms_keep_their_verdicts(name: str):
    shares = row(np.random.default_rng(2), CASES[name], PROTOCOLS["10 x 4 x 10"], RUNS)
    assert shares["right"] >= 0.8  # 90 % would break it once in 40 seeds
    assert shares["right"] >= shares["right before"] - 0.1
    assert shares["wrong"] == 0


def test_bounds_that_do_not_hold_are_named():
    steady, old_cold, new_cold = (
        CASES[f"{n} %, {w}"] for n, w in ((8, "steady"), (8, "old ramp 30 %"), (0, "new ramp 30 %"))
    )
    good = {"right before": 0.95, "right": 0.94, "wrong before": 0.5, "wrong": 0.0}
    assert all(broken_bounds({"10 x 4 x 10": good}, case) == [] for case in (steady, old_cold, new_cold))
    lossy = {**good, "right": 0.85}
    assert broken_bounds({"10 x 4 x 10": lossy}, steady) == ["10 x 4 x 10: right in only 85.0%"]
    assert (
        broken_bounds({"5 x 4 x 10": lossy}, steady) == broken_bounds({"10 x 4 x 10": lossy}, old_cold) == []
    )
    wrong = {**good, "wrong": 0.06}
    assert broken_bounds({"5 x 4 x 10": wrong}, old_cold) == ["5 x 4 x 10: a slowdown passed in 6.0%"]
    assert broken_bounds({"5 x 4 x 10": {**good, "wrong": 0.01}}, steady) == ["5 x 4 x 10: wrong in 1.0%"]
    assert broken_bounds({"5 x 4 x 10": wrong}, new_cold) == []
