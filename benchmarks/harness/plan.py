"""How much is measured, and in what time."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.errors import UsageFault

LEAST_ITERATIONS = 3
# What making artifacts, loading and measuring may take together; iterations shrink for it (issue 6). --quick ends within
# 30 s: the rest is for the start of ctk itself and for a host that gets slower on the way.
BUDGET_S = 180.0
QUICK_BUDGET_S = 22.0
_QUICK_ROUNDS = 2
_MANY_ARMS = 2
# A launch that is still getting faster gets up to this many rounds more.
MOST_EXTRA_ROUNDS = 2
# ... but only while everything ends within this many times the budget: 225 s of 180.
OVER_BUDGET = 1.25
LOAD_LIMIT_S = 600.0
# A block may take this many times what it should, and the seconds, before its process counts as hanging.
HANG_FACTOR = 20.0
HANG_LEAST_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Settings of a run in the mode latency.

    Attributes:
        launches: Child processes of each arm, one after another: what an interval is over.
        rounds: In each launch; in a round every arm runs one block.
        iterations: Of each block; fewer, but at least 3, where everything would take longer than `budget_s`.
        seed: Of the order of the arms and of the pictures' variations.
        preset: Definition of pre- and postprocessing.
        margin: Smallest fraction that counts as a change.
        quick: Figures without a verdict: one launch and no control.
        budget_s: Seconds that everything may take.
        load_limit_s: Seconds after which a process that loads counts as hanging.
        hang_least_s: The same for a block, above `HANG_FACTOR` times what it should take.
    """

    launches: int = 5
    rounds: int = 4
    iterations: int = 10
    seed: int = 0
    preset: str = "exact"
    margin: float = 0.03
    quick: bool = False
    budget_s: float = BUDGET_S
    load_limit_s: float = LOAD_LIMIT_S
    hang_least_s: float = HANG_LEAST_S

    def __post_init__(self) -> None:
        counts = {"launches": self.launches, "rounds": self.rounds, "iterations": self.iterations}
        for name, count in counts.items():
            if count < 1:
                raise UsageFault("CTK601", f"the number of {name} must be at least 1, not {count}")
        if not 0 < self.margin < 1:
            raise UsageFault("CTK601", f"the margin must be between 0 and 1, not {self.margin:g}")
        if self.seed < 0:
            raise UsageFault("CTK601", f"the seed must not be negative, but is {self.seed}")


def quick_plan(seed: int = 0, preset: str = "exact", margin: float = 0.03, *, arms: int = 1) -> Plan:
    """One launch in at most 30 s: figures, never a verdict.

    Args:
        seed: As `Plan`; so `preset` and `margin`.
        preset: Definition of pre- and postprocessing.
        margin: Smallest fraction that counts as a change.
        arms: How many take turns. Up to two do so twice, more of them once: loading takes most of the time then.
    """
    rounds = _QUICK_ROUNDS if arms <= _MANY_ARMS else 1
    return Plan(
        launches=1,
        rounds=rounds,
        seed=seed,
        preset=preset,
        margin=margin,
        quick=True,
        budget_s=QUICK_BUDGET_S,
    )


def iterations_within(
    plan: Plan, *, launches: int, spent_s: float, launch_s: float, iteration_s: float
) -> int:
    """Iterations of a block with which the whole run stays within its budget.

    Launches and rounds are never fewer than asked for: intervals are over launches.

    Args:
        plan: What was asked for.
        launches: How many are still to be measured; the arms of the first of them are loaded.
        spent_s: Seconds until now.
        launch_s: Seconds that starting, loading and warming all arms of one launch takes, the control's too.
        iteration_s: Seconds of one iteration of every arm and of the control, what prepares it included.
    """
    left = plan.budget_s - spent_s - (launches - 1) * launch_s
    fitting = int(left / (iteration_s * launches * plan.rounds)) if iteration_s > 0 else plan.iterations
    return min(plan.iterations, max(LEAST_ITERATIONS, fitting))


def has_time_for_more(plan: Plan, *, launches: int, spent_s: float, launch_s: float, round_s: float) -> bool:
    """Whether a launch that is not warm may have one more round.

    Args:
        plan: What was asked for.
        launches: How many are still to be measured behind this one.
        spent_s: Seconds until now.
        launch_s: As `iterations_within`.
        round_s: Seconds of one round of all arms.
    """
    ahead_s = launches * (launch_s + plan.rounds * round_s)
    return spent_s + ahead_s + round_s <= plan.budget_s * OVER_BUDGET
