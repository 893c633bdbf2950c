"""Measuring until the interval is narrow, on made-up launches whose widths are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.harness.arm import Arm, control_of
from benchmarks.harness.plan import Plan
from benchmarks.harness.samples import ArmSamples, Block, Launch, Measurement
from benchmarks.variations import until_ci
from benchmarks.variations.until_ci import measure_until, parse_until
from toolkit.errors import EnvironmentFailed, UsageFault

A, B = (Arm(name, "scripted", Path("net.onnx"), threads=1) for name in "ab")


@pytest.mark.parametrize(("text", "value"), [("ci=1%", 0.01), ("ci = 0.5 %", 0.005), ("ci=50%", 0.5)])
def test_targets(text: str, value: float):
    assert parse_until(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["", "1%", "ci=1", "ci=0%", "ci=-1%", "ci=60%", "ci=1e9%", "ci=nan%", "cj=1%"]
)
def test_no_targets(text: str):
    with pytest.raises(UsageFault) as fault:
        parse_until(text)
    assert fault.value.code == "CTK601"


class Harness:
    """Stands for `measure`: the launches of an arm differ by a fraction of 10 ms, drawn by the plan's seed."""

    def __init__(self, spread: float, fails: str | None = None, interrupts: bool = False) -> None:
        self.spread, self.fails, self.interrupts = spread, fails, interrupts
        self.calls: list[tuple[list[str], int, int, float]] = []

    def __call__(
        self, arms: Sequence[Arm], plan: Plan, pictures: object, progress: object, *, controlled: Arm | None
    ) -> Measurement:
        self.calls.append(([arm.name for arm in arms], plan.launches, plan.seed, plan.budget_s))
        random = np.random.default_rng(plan.seed)
        second = control_of(controlled or arms[0])
        samples = {arm.name: ArmSamples(arm) for arm in (*arms, second)}
        for number in range(plan.launches):
            for one in samples.values():
                infer = np.full(40, 10e6 * (1 + self.spread * random.standard_normal()))
                stamps = np.zeros((40, 6), np.int64)
                stamps[:, 3:] = infer[:, None]
                blocks = [Block(k, stamps[k * 10 : k * 10 + 10]) for k in range(4)]
                one.launches.append(Launch(number, 1.0, 1.0, {"precision_executed": "f32"}, {}, blocks))
        if self.fails in samples and len(self.calls) == 2:
            samples[self.fails].failure = EnvironmentFailed("CTK404", "it crashed")
        order = [list(samples) for _ in range(4 * plan.launches)]
        return Measurement(samples, (controlled or arms[0]).name and ((controlled or arms[0]).name, second.name),
                           order, plan.iterations, self.interrupts)  # fmt: skip


def until(
    harness: Harness,
    monkeypatch: pytest.MonkeyPatch,
    arms: Sequence[Arm],
    target: float = 0.01,
    cap: int = 40,
):
    monkeypatch.setattr(until_ci, "measure", harness)
    return measure_until(arms, Plan(budget_s=100.0), [Path("p.png")], target, cap=cap)


def test_quiet_launches_end_at_the_least_number(monkeypatch: pytest.MonkeyPatch):
    harness = Harness(0.0001)
    found, state = until(harness, monkeypatch, [A, B])
    assert state.reached
    assert harness.calls == [(["a", "b"], 10, 0, 200.0)]
    assert len(found.samples["a"].launches) == 10


@pytest.mark.parametrize("arms", [[A], [A, B]])
def test_noisy_launches_are_added_until_it_is_narrow(arms: list[Arm], monkeypatch: pytest.MonkeyPatch):
    harness = Harness(0.018)
    found, state = until(harness, monkeypatch, arms, cap=400)
    assert state.reached
    assert state.half_width is not None
    assert state.half_width <= 0.01
    assert len(harness.calls) > 1
    assert len({seed for _, _, seed, _ in harness.calls}) == len(harness.calls)
    launches = sum(call[1] for call in harness.calls)
    for samples in found.samples.values():
        assert [launch.number for launch in samples.launches] == list(range(launches))
    assert len(found.order) == 4 * launches
    # Student's t over n launches, of sqrt(2) times the spread where two arms are compared.
    spread = 0.018 * (2**0.5 if len(arms) > 1 else 1)
    assert 0.3 < launches / (1.96 * spread / 0.01) ** 2 < 3


def test_the_cap_ends_it_and_says_so(monkeypatch: pytest.MonkeyPatch):
    harness = Harness(0.3)
    found, state = until(harness, monkeypatch, [A, B], cap=12)
    assert not state.reached
    assert state.capped
    assert [call[1] for call in harness.calls] == [10, 2]
    assert len(found.samples["b"].launches) == 12


def test_an_arm_that_fails_later_is_out_of_the_further_batches(monkeypatch: pytest.MonkeyPatch):
    harness = Harness(0.3, fails="a")
    found, _ = until(harness, monkeypatch, [A, B], target=0.05, cap=40)
    assert found.samples["a"].failure is not None
    assert found.samples["b"].failure is None
    assert all(call[0] == ["b"] for call in harness.calls[2:])


def test_ctrl_c_ends_it(monkeypatch: pytest.MonkeyPatch):
    harness = Harness(0.3, interrupts=True)
    found, _ = until(harness, monkeypatch, [A, B])
    assert found.interrupted
    assert len(harness.calls) == 1


def test_a_cap_below_ten_and_a_quick_plan_are_refused():
    for plan, cap in ((Plan(), 9), (Plan(quick=True), 40)):
        with pytest.raises(UsageFault) as fault:
            measure_until([A], plan, [Path("p.png")], 0.01, cap=cap)
        assert fault.value.code == "CTK601"


def test_more_launches_than_the_cap_are_made_when_they_were_asked_for(monkeypatch: pytest.MonkeyPatch):
    harness = Harness(0.3)
    monkeypatch.setattr(until_ci, "measure", harness)
    found, state = measure_until([A], Plan(launches=60), [Path("p.png")], 0.01, cap=40)
    assert [call[1] for call in harness.calls] == [60]
    assert len(found.samples["a"].launches) == 60
    assert not state.reached
