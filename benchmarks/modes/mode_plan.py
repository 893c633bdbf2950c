"""How much is measured in the modes beside latency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from benchmarks.harness.plan import HANG_LEAST_S, LOAD_LIMIT_S, Plan
from toolkit.errors import UsageFault

OtherMode: TypeAlias = Literal["throughput", "stream", "cold"]

DEFAULT_LAUNCHES: dict[str, int] = {"throughput": 5, "stream": 5, "cold": 10}
MOST_ARRIVALS = 100_000
MOST_IN_FLIGHT = 1024


@dataclass(frozen=True, slots=True)
class ModePlan:
    """Settings of a run in one of these modes; every launch is a process of its own, one at a time.

    Attributes:
        mode: Which.
        launches: Processes of each arm.
        seed: Of the order of the arms, and of the pictures' variations.
        preset: Definition of pre- and postprocessing.
        window_s: Seconds that are measured in each launch, after the warm-up; no meaning in ``cold``.
        warmup_s: Seconds before them, in ``throughput``.
        in_flight: Inferences at a time in ``throughput``; the runtime's own optimum by default.
        rate: Pictures (with a batch: batches) that arrive a second, in ``stream``.
        queue: Arrivals that may wait in ``stream``; more of them are dropped.
        load_limit_s: Seconds after which a process that loads counts as hanging.
        hang_least_s: The same for everything else, above what it should take.
    """

    mode: OtherMode
    launches: int = 5
    seed: int = 0
    preset: str = "exact"
    window_s: float = 5.0
    warmup_s: float = 1.0
    in_flight: int | None = None
    rate: float | None = None
    queue: int = 8
    load_limit_s: float = LOAD_LIMIT_S
    hang_least_s: float = HANG_LEAST_S

    def __post_init__(self) -> None:
        """Refuses what means nothing.

        Raises:
            UsageFault: CTK601 naming the setting.
        """
        self.harness()
        if not 0 < self.window_s <= 3600 or not 0 <= self.warmup_s <= 3600:
            raise UsageFault(
                "CTK601", "the window must be more than 0 s, and neither it nor the warm-up over an hour"
            )
        if self.in_flight is not None and not 1 <= self.in_flight <= MOST_IN_FLIGHT:
            raise UsageFault(
                "CTK601",
                f"the number of inferences in flight must be 1 to {MOST_IN_FLIGHT}, not {self.in_flight}",
            )
        if not 1 <= self.queue <= MOST_ARRIVALS:
            raise UsageFault("CTK601", f"the queue must hold 1 to {MOST_ARRIVALS} arrivals, not {self.queue}")
        if self.mode == "stream":
            self._refuse_rate()

    @property
    def arrivals(self) -> int:
        """Arrivals of one launch in ``stream``; 0 in other modes."""
        return max(1, round((self.rate or 0) * self.window_s)) if self.mode == "stream" else 0

    def harness(self) -> Plan:
        """The same for the processes of the harness."""
        return Plan(
            launches=self.launches, rounds=1, iterations=1, seed=self.seed, preset=self.preset,
            load_limit_s=self.load_limit_s, hang_least_s=self.hang_least_s,
        )  # fmt: skip

    def _refuse_rate(self) -> None:
        if self.rate is None:
            raise UsageFault(
                "CTK601", "the mode stream needs a rate", notes=["--rate 2 lets two pictures arrive a second"]
            )
        if not 0 < self.rate < float("inf") or self.arrivals > MOST_ARRIVALS:
            raise UsageFault(
                "CTK601",
                f"a rate of {self.rate:g} a second over {self.window_s:g} s is not between 0 and "
                f"{MOST_ARRIVALS} arrivals",
            )
