"""The child process of one arm in one launch of a mode beside latency."""

from __future__ import annotations

from typing import Any

from benchmarks.harness.arm import Arm
from benchmarks.harness.arm_process import ArmProcess
from benchmarks.harness.plan import HANG_FACTOR
from benchmarks.harness.samples import Launch


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
