"""The child process of one arm in one launch of a mode beside latency."""

from __future__ import annotations

from typing import Any

from benchmarks.harness.arm import Arm
from benchmarks.harness.arm_process import ArmProcess
from benchmarks.harness.plan import HANG_FACTOR


class ModeProcess(ArmProcess):
    """As `ArmProcess`, which also understands the commands of `mode_work`; `with` ends it."""

    @property
    def arm(self) -> Arm:
        """What runs in it."""
        return self._arm

    def command(self, word: str, seconds: float, **arguments: Any) -> dict[str, Any]:
        """Asks for something that takes about so many seconds; raises as `WorkerProcess.ask`."""
        limit_s = self._plan.hang_least_s + HANG_FACTOR * seconds
        return self._process.ask(word, limit_s, **arguments)

    def load_with(self, word: str, **further: Any) -> dict[str, Any]:
        """Loads the arm's artifact by another command than ``load``, which takes the same and more."""
        return self._process.ask(word, self._plan.load_limit_s, **self.asked(), **further)
