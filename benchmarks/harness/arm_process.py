"""The child process of one arm in one launch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from benchmarks.harness.arm import Arm
from benchmarks.harness.plan import HANG_FACTOR, Plan
from benchmarks.harness.samples import Block, Launch
from benchmarks.harness.stage_timing import durations_ns
from benchmarks.harness.worker_process import WorkerProcess


class ArmProcess:
    """Loads the arm's artifact and runs its blocks; `with` ends it.

    Attributes:
        iteration_s: Seconds of an iteration of the last block, what prepared it included.
    """

    def __init__(self, arm: Arm, plan: Plan, pictures: Sequence[Path], launch: int) -> None:
        self.iteration_s = 0.0
        self._arm = arm
        self._plan = plan
        self._pictures = pictures
        self._number = launch
        self._launch: Launch | None = None
        self._process = WorkerProcess(arm.name, arm.threads)

    def load(self) -> Launch:
        """Loads everything; what later blocks give is added to the result.

        Raises:
            CtkError: As `WorkerProcess.ask`.
        """
        found = self._process.ask("load", self._plan.load_limit_s, **self.asked())
        self._launch = self.launch_of(found)
        return self._launch

    def asked(self) -> dict[str, Any]:
        """What `load` is asked for."""
        arm = self._arm
        return {
            "backend": arm.backend,
            "artifact": str(arm.artifact),
            "threads": arm.threads,
            "precision": arm.precision,
            "device": arm.device,
            "batch": arm.batch,
            "options": dict(arm.options),
            "mean": arm.mean,
            "preset": self._plan.preset,
            "pictures": [str(picture) for picture in self._pictures],
            "seed": self._plan.seed,
        }

    def launch_of(self, found: dict[str, Any]) -> Launch:
        """An answer to a loading command as a launch without blocks."""
        return Launch(
            number=self._number,
            load_ms=found["load_ms"],
            first_infer_ms=found["first_infer_ms"],
            info=found["info"],
            variables=found["variables"],
            peak_rss_bytes=found["peak_rss_bytes"],
        )

    def block(self, round_number: int, iterations: int) -> None:
        """Runs one block and adds it to the launch.

        Raises:
            EnvironmentFailed: CTK410 when the clock went backwards.
            CtkError: As `WorkerProcess.ask`.
        """
        assert self._launch is not None
        started = time.monotonic()
        found = self._process.ask(
            "run",
            self._limit_s(iterations),
            iterations=iterations,
            launch=self._number,
            round=round_number,
            first=self._first(round_number, iterations),
        )
        stamps = np.array(found["stamps"], np.int64)
        durations_ns(stamps)
        self._launch.blocks.append(
            Block(
                round=round_number,
                stamps_ns=stamps,
                involuntary_switches=found["involuntary_switches"],
                steal_fraction=found["steal_fraction"],
                throttled=found["throttled"],
            )
        )
        self._launch.peak_rss_bytes = found["peak_rss_bytes"]
        self.iteration_s = (time.monotonic() - started) / iterations

    def kill(self) -> None:
        """Ends the process at once."""
        self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._process.close()
        else:
            self._process.kill()

    def _first(self, round_number: int, iterations: int) -> int:
        """Number of the first picture of a block, so that blocks go through a folder one behind the other."""
        blocks = self._number * self._plan.rounds + max(round_number, 0)
        return blocks * iterations * self._arm.batch

    def _limit_s(self, iterations: int) -> float:
        """Before the first block, the first inference is all that is known of what an iteration costs."""
        assert self._launch is not None
        known_s = self.iteration_s or self._launch.first_infer_ms / 1000
        return self._plan.hang_least_s + HANG_FACTOR * known_s * iterations
