"""Orders, budgets and settings of a run."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.harness.plan import Plan, has_time_for_more, iterations_within, quick_plan
from benchmarks.harness.samples import WARMING
from benchmarks.harness.schedule import drawn_order, picture_generator
from toolkit.errors import UsageFault


def test_orders_are_fixed_by_the_seed_and_each_is_as_likely_as_the_others():
    names = ["a", "b", "c"]
    drawn = [tuple(drawn_order(7, launch, number, names)) for launch in range(60) for number in range(20)]
    assert drawn == [tuple(drawn_order(7, i // 20, i % 20, names)) for i in range(1200)]
    assert drawn != [tuple(drawn_order(8, i // 20, i % 20, names)) for i in range(1200)]
    counts = Counter(drawn)
    assert len(counts) == 6
    # 200 each are expected; 5 standard deviations of Binomial(1200, 1/6) are 65.
    assert all(abs(count - 200) < 65 for count in counts.values())


def test_pictures_of_a_round_are_the_same_for_every_arm_and_differ_between_rounds():
    def first(launch: int, number: int) -> int:
        return int(picture_generator(0, launch, number).integers(2**60))

    assert first(1, 2) == first(1, 2)
    assert len({first(launch, number) for launch in range(3) for number in (WARMING, 0, 1, 2)}) == 12


@pytest.mark.parametrize(
    ("iteration_s", "expected"),
    [(0.1, 10), (0.5, 10), (1.0, 7), (1.5, 4), (100.0, 3), (0.0, 10)],
)
def test_iterations_fill_what_is_left_of_the_budget(iteration_s: float, expected: int):
    # 180 s less 12 s so far and 4 more launches of 5 s leave 148 s for 20 rounds: 7.4 s each.
    found = iterations_within(Plan(), launches=5, spent_s=12, launch_s=5, iteration_s=iteration_s)
    assert found == expected


def test_a_quick_plan_has_one_launch():
    assert (quick_plan().launches, quick_plan().quick) == (1, True)
    assert quick_plan().budget_s < 30
    assert [quick_plan(arms=count).rounds for count in (1, 2, 3, 6)] == [2, 2, 1, 1]


@pytest.mark.parametrize(("round_s", "expected"), [(5.0, True), (11.6, True), (11.7, False), (30.0, False)])
def test_another_round_must_leave_time_for_the_launches_to_come(round_s: float, expected: bool):
    # 60 s so far, two launches of 30 s with four rounds each, and this round: 120 s and 9 rounds, of 225 s.
    found = has_time_for_more(Plan(), launches=2, spent_s=60, launch_s=30, round_s=round_s)
    assert found == expected


@pytest.mark.parametrize(
    "wrong",
    [{"launches": 0}, {"rounds": 0}, {"iterations": 0}, {"margin": 0.0}, {"margin": 1.0}, {"seed": -1}],
)
def test_settings_that_mean_nothing(wrong: dict[str, float]):
    with pytest.raises(UsageFault, match="CTK601"):
        Plan(**wrong)
