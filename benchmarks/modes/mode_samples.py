"""Raw measurements of the modes beside latency."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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
