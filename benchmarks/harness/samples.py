"""Raw measurements as the children gave them: nothing is removed (benchmark_method.md §6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.arm import Arm
from benchmarks.harness.stage_timing import durations_ns
from toolkit.errors import CtkError

# The round of the few iterations before the first one, which are stored and in no figure.
WARMING = -1


@dataclass(frozen=True, slots=True)
class Block:
    """Iterations of one arm in one round.

    Attributes:
        round: Its number, or `WARMING`.
        stamps_ns: int64, n×6, nanoseconds of one monotonic clock; see `stage_timing`.
        involuntary_switches: How often the kernel took the processor away; None where unknown.
        steal_fraction: Share of processor time that the host of a virtual machine took; None where unknown.
        throttled: How often the control group's quota stopped the process; None where unknown.
    """

    round: int
    stamps_ns: NDArray[np.int64]
    involuntary_switches: int | None = None
    steal_fraction: float | None = None
    throttled: int | None = None

    def durations(self, stage: str) -> NDArray[np.int64]:
        """Nanoseconds of a stage or of ``total``, int64, n."""
        return durations_ns(self.stamps_ns)[stage]


@dataclass(slots=True)
class Launch:
    """What one child process gave.

    Attributes:
        number: Which launch, from 0.
        load_ms: Opening the artifact, with the import of the runtime.
        first_infer_ms: The first inference.
        info: `BackendInfo` as JSON: what really runs.
        variables: Environment variables that were set for it or that a runtime reads.
        peak_rss_bytes: Largest resident memory until the last block; None where unknown.
    """

    number: int
    load_ms: float
    first_infer_ms: float
    info: dict[str, Any]
    variables: dict[str, str] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    peak_rss_bytes: int | None = None

    @property
    def measured(self) -> list[Block]:
        """All blocks but the warming one, in their order."""
        return [block for block in self.blocks if block.round != WARMING]


@dataclass(slots=True)
class ArmSamples:
    """Everything about one arm.

    Attributes:
        failure: What ended it, with the last words of its process in the notes; None where nothing did.
    """

    arm: Arm
    launches: list[Launch] = field(default_factory=list)
    failure: CtkError | None = None

    def blocks(self) -> Iterator[Block]:
        """The measured blocks of all launches."""
        for launch in self.launches:
            yield from launch.measured


@dataclass(slots=True)
class Measurement:
    """A run of several arms.

    Attributes:
        samples: By the arm's name, in the order in which the arms were given; the control last.
        control: Names of the arm that was measured against itself and of its second self.
        order: For each round that ran, of all launches, the arms in the order of their blocks.
        iterations: Of a block, as used; of the last launch where a busy host had them reduced on the way.
        interrupted: Whether Ctrl-C ended it early.
        control_failure: Why there is no control in the end, where one was begun.
        seconds: How long it took.
    """

    samples: dict[str, ArmSamples]
    control: tuple[str, str] | None
    order: list[list[str]] = field(default_factory=list)
    iterations: int = 0
    interrupted: bool = False
    control_failure: CtkError | None = None
    seconds: float = 0.0

    def interrupt(self) -> None:
        """Marks it as interrupted."""
        self.interrupted = True

    @property
    def subjects(self) -> list[ArmSamples]:
        """The arms that were asked for, without the control."""
        second = self.control[1] if self.control else None
        return [found for name, found in self.samples.items() if name != second]
