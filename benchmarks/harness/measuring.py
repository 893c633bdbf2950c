"""Measures several arms in the mode latency: launches of rounds, in which every arm runs one block.

In a launch every arm has a child process of its own, alive and idle while others run (benchmark_method.md §1
and §2). An arm that fails is out of the run; the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.harness.arm import Arm, control_of, refuse_unmeasurable
from benchmarks.harness.arm_process import ArmProcess
from benchmarks.harness.plan import MOST_EXTRA_ROUNDS, Plan, has_time_for_more, iterations_within
from benchmarks.harness.progress import Listener, Progress
from benchmarks.harness.samples import WARMING, ArmSamples, Measurement
from benchmarks.harness.schedule import drawn_order
from benchmarks.harness.warm_launches import is_warm
from toolkit.errors import CtkError

# Before the first round: one iteration to touch everything, and one to see what an iteration costs.
WARMING_ITERATIONS = 2
# Where an iteration takes longer than this, later launches run one only: the first inference and one iteration have touched
# everything by then. (The main network took as much processor time in its first iteration as in its second.)
_LONG_S = 0.1


def measure(
    arms: Sequence[Arm],
    plan: Plan,
    pictures: Sequence[Path],
    progress: Listener | None = None,
    *,
    controlled: Arm | None = None,
    spent_s: float = 0.0,
) -> Measurement:
    """Measures all arms, and one of them against itself unless the plan is quick.

    Args:
        arms: What to measure, with different names.
        plan: How much.
        pictures: Picture files that can be decoded, one at least.
        progress: Told before every block.
        controlled: The arm that is measured against itself; the first one by default.
        spent_s: Seconds of the plan's budget that are gone already, for artifacts and probes.

    Returns:
        All samples. After Ctrl-C, those until then, marked as interrupted; failures are in it, not raised.

    Raises:
        UsageFault: CTK601 for no arm, no picture, or two arms of one name.
    """
    refuse_unmeasurable(arms, pictures)
    run = _Run(_with_control(arms, controlled or arms[0], plan), plan, pictures, progress, spent_s)
    started = time.monotonic()
    try:
        run.all_launches()
    except KeyboardInterrupt:
        run.found.interrupted = True
    run.found.seconds = time.monotonic() - started
    return run.found


def _with_control(arms: Sequence[Arm], controlled: Arm, plan: Plan) -> Measurement:
    everything = {arm.name: ArmSamples(arm) for arm in arms}
    if plan.quick:
        return Measurement(everything, None)
    second = control_of(controlled)
    everything[second.name] = ArmSamples(second)
    return Measurement(everything, (controlled.name, second.name))


class _Run:
    def __init__(
        self,
        found: Measurement,
        plan: Plan,
        pictures: Sequence[Path],
        progress: Listener | None,
        spent_s: float,
    ) -> None:
        self.found = found
        self._plan = plan
        self._pictures = pictures
        self._progress = progress
        self._started = time.monotonic() - spent_s
        self._processes: dict[str, ArmProcess] = {}
        self._costs_s: dict[str, float] = {}
        self._blocks_done = 0
        self._measuring_since: float | None = None
        self._launch_s = 0.0

    def all_launches(self) -> None:
        for launch in range(self._plan.launches):
            if not self._alive():
                return
            # Children are killed, not asked, when Ctrl-C ends this.
            with ExitStack() as stack:
                self._launch(launch, stack)

    def _launch(self, launch: int, stack: ExitStack) -> None:
        self._processes = {}
        began = time.monotonic()
        for name in drawn_order(self._plan.seed, launch, WARMING, self._alive()):
            if name not in self._alive():  # a control whose first self could not be loaded
                continue
            self._say(f"{name}: loading, launch {launch + 1} of {self._plan.launches}")
            self._attempt(name, partial(self._load, name, launch, stack))
        self._warming_blocks()
        self._launch_s = time.monotonic() - began
        self._decide_iterations(launch)
        for number in range(self._plan.rounds):
            self._round(launch, number)
        self._extra_rounds(launch)

    def _load(self, name: str, launch: int, stack: ExitStack) -> None:
        samples = self.found.samples[name]
        process = stack.enter_context(ArmProcess(samples.arm, self._plan, self._pictures, launch))
        samples.launches.append(process.load())
        self._processes[name] = process

    def _warming_blocks(self) -> None:
        """Runs a few iterations of every arm; in the first launch they show what an iteration costs."""
        for name in list(self._processes):
            process = self._processes.get(name)
            if process is None:  # a control goes with the arm that it is of
                continue
            self._say(f"{name}: warming up")
            iterations = 1 if self._costs_s.get(name, 0.0) > _LONG_S else WARMING_ITERATIONS
            self._attempt(name, partial(process.block, WARMING, iterations))
            self._costs_s.setdefault(name, process.iteration_s)

    def _decide_iterations(self, launch: int) -> None:
        """Later launches never get more iterations than earlier ones: a host that is busy now may stay so."""
        self._measuring_since = self._measuring_since or time.monotonic()
        fitting = iterations_within(
            self._plan,
            launches=self._plan.launches - launch,
            spent_s=time.monotonic() - self._started,
            launch_s=self._launch_s,
            iteration_s=self._iteration_s(),
        )
        self.found.iterations = min(self.found.iterations or fitting, fitting)

    def _round(self, launch: int, number: int) -> None:
        order = drawn_order(self._plan.seed, launch, number, self._alive())
        ran: list[str] = []
        if order:
            self.found.order.append(ran)
        for name in order:
            process = self._processes.get(name)
            if process is None:  # it failed, or the arm that it is a control of did
                continue
            self._say(f"{name}: launch {launch + 1} of {self._plan.launches}, round {number + 1}")
            self._attempt(name, partial(process.block, number, self.found.iterations))
            self._blocks_done += 1
            self._costs_s[name] = process.iteration_s
            if name in self._processes:
                ran.append(name)

    def _extra_rounds(self, launch: int) -> None:
        """A launch that is not warm at the end of its rounds gets a few more (benchmark_method.md §5)."""
        if self._plan.quick:
            return
        for extra in range(MOST_EXTRA_ROUNDS):
            running = [self.found.samples[name].launches[-1] for name in self._processes]
            if all(is_warm(one) for one in running) or not self._has_time(launch):
                return
            self._round(launch, self._plan.rounds + extra)

    def _iteration_s(self) -> float:
        return sum(self._costs_s[name] for name in self._processes)

    def _has_time(self, launch: int) -> bool:
        return has_time_for_more(
            self._plan,
            launches=self._plan.launches - launch - 1,
            spent_s=time.monotonic() - self._started,
            launch_s=self._launch_s,
            round_s=self._iteration_s() * self.found.iterations,
        )

    def _attempt(self, name: str, action: Callable[[], None]) -> None:
        try:
            action()
        except CtkError as error:
            self._fail(name, error)

    def _fail(self, name: str, error: CtkError) -> None:
        self.found.samples[name].failure = error
        self._drop(name)
        control = self.found.control
        if control is not None and name in control:
            # One half of a control says nothing; its second self only cost time.
            self.found.control_failure = error
            self.found.samples.pop(control[1], None)
            self._drop(control[1])
            self.found.control = None

    def _drop(self, name: str) -> None:
        process = self._processes.pop(name, None)
        if process is not None:
            process.kill()

    def _alive(self) -> list[str]:
        return [name for name, samples in self.found.samples.items() if samples.failure is None]

    def _say(self, doing: str) -> None:
        if self._progress is None:
            return
        total = self._plan.launches * self._plan.rounds * len(self._alive())
        done = min(self._blocks_done, total)
        remaining = None
        if self._measuring_since is not None and done:
            remaining = (time.monotonic() - self._measuring_since) / done * (total - done)
        self._progress(Progress(doing, done, total, remaining))
