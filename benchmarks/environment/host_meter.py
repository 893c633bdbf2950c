"""What the host did to this process during one block: stolen time, throttling, context switches."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from benchmarks.environment.control_group import find_control_group, throttled
from benchmarks.environment.processor_time import Ticks, read_ticks
from benchmarks.environment.reading import Roots, Unknown
from toolkit.backends.cores import usable_cpus


class Conditions(Protocol):
    """What `judge` asks of a block; see `BlockConditions`."""

    @property
    def steal_fraction(self) -> float | None:
        """Share of the wanted processor time that the host took."""

    @property
    def throttled(self) -> int | None:
        """How often a quota stopped the process."""


@dataclass(frozen=True, slots=True)
class BlockConditions:
    """What happened between two readings; None where the system does not tell.

    Attributes:
        steal_fraction: Share of the processor time that the usable processors wanted (worked or were stolen) which the
            host took away; about the least that the counters prove. They count whole ticks (10 ms), so one tick less
            than a counter's difference is certain: a block of a few ticks would else be condemned for a single one.
            None too where a processor came or went in between.
        throttled: How often a quota stopped this control group or one above it.
        involuntary_switches: How often the kernel gave the processor to another process.
    """

    steal_fraction: float | None
    throttled: int | None
    involuntary_switches: int | None


@dataclass(frozen=True, slots=True)
class _Reading:
    ticks: Ticks | Unknown
    throttled: int | None
    switches: int | None


class HostMeter:
    """Reads the counters before and after a block, outside the timed part; a reading takes about 0.1 ms.

    ::

        meter = HostMeter()
        meter.start()
        ...                      # the block
        conditions = meter.stop()

    Args:
        cpus: Numbers of the logical processors whose stolen time counts; the usable ones by default.
        roots: Where to read.
    """

    def __init__(self, cpus: AbstractSet[int] | None = None, roots: Roots | None = None) -> None:
        self._cpus = usable_cpus() if cpus is None else cpus
        self._roots = roots or Roots()
        self._group = find_control_group(self._roots)
        self._first: _Reading | None = None

    def start(self) -> None:
        """Takes the first reading."""
        self._first = self._read()

    def stop(self) -> BlockConditions:
        """What happened since `start`."""
        assert self._first is not None, "stop() before start()"
        first, last = self._first, self._read()
        return BlockConditions(
            steal_fraction=_stolen(first, last),
            throttled=_difference(first.throttled, last.throttled),
            involuntary_switches=_difference(first.switches, last.switches),
        )

    def _read(self) -> _Reading:
        counted = throttled(self._group)
        return _Reading(
            ticks=read_ticks(self._roots, self._cpus),
            throttled=None if isinstance(counted, Unknown) else counted[0],
            switches=_involuntary_switches(),
        )


def _stolen(first: _Reading, last: _Reading) -> float | None:
    before, after = first.ticks, last.ticks
    if (
        isinstance(before, Unknown)
        or isinstance(after, Unknown)
        or before.stolen.keys() != after.stolen.keys()
    ):
        return None
    each = [after.stolen[name] - ticks for name, ticks in before.stolen.items()]
    certain = sum(_certain(ticks) for ticks in each)
    if before.stolen_in_all is not None and after.stolen_in_all is not None:
        # A little of each processor adds up here before it is cut.
        certain = max(certain, _certain(after.stolen_in_all - before.stolen_in_all))
    return stolen_fraction(after.busy - before.busy, sum(each), certain)


def stolen_fraction(busy: int, stolen: int, certain: int | None = None) -> float:
    """The least share of wanted time that was stolen for sure.

    Args:
        busy: Difference of two readings of the busy ticks.
        stolen: The same of the stolen ones.
        certain: How many of these are certain; one less than all by default, as of a single counter.
    """
    wanted = max(busy, 0) + max(stolen, 0)
    return (_certain(stolen) if certain is None else certain) / wanted if wanted else 0.0


def _certain(ticks: int) -> int:
    """Of a difference of a counter that is cut to whole ticks."""
    return max(ticks - 1, 0)


def _difference(first: int | None, last: int | None) -> int | None:
    return None if first is None or last is None else last - first


def _involuntary_switches() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
