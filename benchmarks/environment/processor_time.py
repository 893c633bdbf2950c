"""Processor time since start-up, as ``/proc/stat`` counts it: what was used, and what a host took away."""

from __future__ import annotations

import os
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from benchmarks.environment.reading import Group, Roots, Unknown, text_of

# proc_stat(5): user nice system idle iowait irq softirq steal; guest time is in user time already.
_BUSY = (0, 1, 2, 5, 6)
_STEAL = 7


class Ticks(NamedTuple):
    """Time since start-up of some logical processors, in ticks; the length of one is `tick_ms`.

    Attributes:
        busy: In which they worked, all together.
        stolen: In which a host gave them to somebody else, by the processor's name: every counter is cut to whole
            ticks by itself.
        stolen_in_all: The same of all processors of the system, added up by the kernel before it is cut; None where
            others than those asked for are among them.
    """

    busy: int
    stolen: dict[str, int]
    stolen_in_all: int | None


def read_ticks(roots: Roots, cpus: AbstractSet[int]) -> Ticks | Unknown:
    """Ticks since start-up in which some logical processors worked, and in which they were stolen.

    Args:
        roots: Where to read.
        cpus: Numbers of the logical processors that count; the others' idleness would hide a theft.

    Returns:
        The ticks, or why they are unknown.
    """
    text = text_of(roots.proc / "stat")
    if isinstance(text, Unknown):
        return text
    system = {words[0]: words[1:] for line in text.splitlines() if (words := line.split())}
    rows = {name: row for number in sorted(cpus) if (row := system.get(name := f"cpu{number}")) is not None}
    others = any(name.startswith("cpu") for name in system.keys() - rows.keys() - {"cpu"})
    try:
        busy = sum(int(row[place]) for row in rows.values() for place in _BUSY)
        stolen = {name: int(row[_STEAL]) for name, row in rows.items()}
        in_all = None if others or "cpu" not in system else int(system["cpu"][_STEAL])
    except (ValueError, IndexError):
        return Unknown("stat: it counts no stolen time")
    return Ticks(busy, stolen, in_all) if rows else Unknown("stat: none of the usable processors is in it")


def tick_ms() -> float | Unknown:
    """Length of a tick in milliseconds."""
    try:
        return 1000 / os.sysconf("SC_CLK_TCK")
    except (ValueError, OSError, AttributeError, ZeroDivisionError):
        return Unknown("the system does not say how long a tick is")


def read_load(roots: Roots, cpus: AbstractSet[int]) -> Group:
    """Load of 1, 5 and 15 minutes, and busy and stolen ticks since start-up of the usable processors."""
    ticks = read_ticks(roots, cpus)
    return {
        "average": _averages(roots),
        "busy_ticks": ticks if isinstance(ticks, Unknown) else ticks.busy,
        "stolen_ticks": ticks if isinstance(ticks, Unknown) else sum(ticks.stolen.values()),
        "tick_ms": tick_ms(),
    }


def _averages(roots: Roots) -> list[float] | Unknown:
    text = text_of(roots.proc / "loadavg")
    if isinstance(text, Unknown):
        return text
    try:
        averages = [float(word) for word in text.split()[:3]]
    except ValueError:
        averages = []
    return averages if len(averages) == 3 else Unknown("loadavg: it does not hold three numbers")
