"""A small run of the simulations, with bounds that a right method breaks once in some 1000 seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.statistics_simulations import (
    BROKEN,
    DRIFTS,
    QUIET,
    Host,
    Protocol,
    broken_bounds,
    drift_row,
    gate_row,
    simulate,
    until_row,
)

RUNS = 250


def least(share: float, runs: int = RUNS):
    """The share that a true `share` stays above in all but one of 1000 samples of `runs`."""
    return float(stats.binom.ppf(0.001, runs, share)) / runs


@pytest.mark.parametrize("name", DRIFTS)
def test_coverage_and_alarms_under_every_drift(name: str):
    row = drift_row(np.random.default_rng(1), DRIFTS[name], RUNS)
    assert row["coverage"] >= least(0.95)
    assert row["control_interval_leaves_1_out"] <= 1 - least(0.95)
    assert row["control_called_different"] <= row["control_interval_leaves_1_out"]


def test_coverage_where_launches_differ_more_than_rounds():
    # Pooled rounds cover in 75 % here (benchmark_method.md §2, 5 x 4 and 1.5 %).
    row = drift_row(np.random.default_rng(2), DRIFTS["none"], RUNS, Host(launch=0.015))
    assert row["coverage"] >= least(0.95) > 0.89


def test_gate_on_a_quiet_host():
    rng = np.random.default_rng(3)
    assert gate_row(rng, QUIET, 0.0, RUNS)["regression"] == 0
    slower = gate_row(rng, QUIET, 0.08, RUNS)
    assert slower["pass"] == 0
    assert slower["regression"] >= least(0.93)


def test_gate_on_a_broken_host():
    rng = np.random.default_rng(4)
    assert gate_row(rng, BROKEN, 0.0, RUNS)["inconclusive"] >= least(0.99)
    assert gate_row(rng, BROKEN, 0.08, RUNS)["pass"] == 0


def test_stopping_at_a_width_keeps_most_of_the_coverage():
    row = until_row(np.random.default_rng(5), 0.01, 40)
    assert row["coverage"] >= least(0.93, 40)
    assert row["reached"] == 1
    assert 10 <= row["launches"] <= 40


def _step_halfway(_rng: np.random.Generator, n: int) -> np.ndarray:
    return np.where(np.arange(n) < n / 2, 1.0, 1.08)


def test_the_simulation_gives_what_it_says():
    nearly = Host(launch=0, block=0, iteration=1e-6)
    arms = simulate(np.random.default_rng(6), _step_halfway, nearly, 0.5, Protocol(3, 4, 10))
    assert {
        name: (len(blocks), len(blocks[0]), blocks[0][0].shape) for name, blocks in arms.items()
    } == dict.fromkeys(("old", "new", "control"), (3, 4, (10,)))
    assert arms["old"][0][0].dtype == np.int64
    assert np.median(arms["old"][0][0]) == pytest.approx(5e6, rel=1e-4)
    assert np.median(arms["new"][0][0]) == pytest.approx(7.5e6, rel=1e-4)
    assert np.median(arms["control"][2][3]) == pytest.approx(5.4e6, rel=1e-4)


def test_a_slow_drift_reaches_its_standard_deviation():
    rng = np.random.default_rng(7)
    ends = [np.log(DRIFTS["slow AR(1), 4 %"](rng, 600)[[0, 300, 599]]) for _ in range(400)]
    assert np.std(ends, axis=0) == pytest.approx([0.04] * 3, rel=0.15)


def test_bounds_that_do_not_hold_are_named():
    good = {"coverage": 0.95, "control_interval_leaves_1_out": 0.05, "control_called_different": 0.01}
    quiet = {"pass": 0.0, "regression": 0.95, "inconclusive": 0.05}
    gates = {"quiet, 8 %": quiet, "broken, 8 %": quiet, "broken, 0 %": {**quiet, "regression": 0.0}}
    stopping = {"ci=1%": {"coverage": 0.94}}
    assert broken_bounds({"none": good}, gates, stopping) == []
    assert "--until ci=1%: 92.5%" in broken_bounds({}, gates, {"ci=1%": {"coverage": 0.925}})[0]
    assert (
        "coverage under none: 92.0%"
        in broken_bounds({"none": {**good, "coverage": 0.92}}, gates, stopping)[0]
    )
    alarmed = {**good, "control_called_different": 0.07}
    assert "control_called_different under none: 7.0%" in broken_bounds({"none": alarmed}, gates, stopping)[0]
    passed = {**gates, "quiet, 8 %": {**quiet, "regression": 0.8, "pass": 0.01}}
    assert len(broken_bounds({"none": good}, passed, stopping)) == 2
    assert len(broken_bounds({"none": good}, {**gates, "broken, 0 %": quiet}, stopping)) == 1
