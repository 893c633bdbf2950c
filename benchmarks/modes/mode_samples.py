"""Raw measurements of the modes beside latency."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.arm import Arm
from benchmarks.harness.samples import Launch
from toolkit.errors import CtkError


@dataclass(slots=True)
class ModeLaunch:
    """What one child process gave.

    Attributes:
        launch: As in latency; its blocks hold what was stamped.
        raw: What the mode alone has, as its module says.
    """

    launch: Launch
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def due_ns(self) -> NDArray[np.int64] | None:
        """When each picture was due, in ``stream``; None in other modes. Those of the warm-up had no time of theirs."""
        if "wait_ns" not in self.raw:
            return None
        starts = [block.stamps_ns[:, 0] for block in self.launch.blocks]
        due: NDArray[np.int64] = np.concatenate(starts)
        due[-len(self.raw["wait_ns"]) :] -= self.raw["wait_ns"]
        return due


@dataclass(slots=True)
class ModeSamples:
    """Everything about one arm.

    Attributes:
        failure: What ended it; None where nothing did.
    """

    arm: Arm
    launches: list[ModeLaunch] = field(default_factory=list)
    failure: CtkError | None = None


@dataclass(slots=True)
class ModeMeasurement:
    """A run of several arms.

    Attributes:
        samples: By the arm's name, in the order in which the arms were given.
        order: For each launch, the arms in the order in which they ran.
        interrupted: Whether Ctrl-C ended it early.
    """

    samples: dict[str, ModeSamples]
    order: list[list[str]] = field(default_factory=list)
    interrupted: bool = False

    def interrupt(self) -> None:
        """Marks it as interrupted."""
        self.interrupted = True
