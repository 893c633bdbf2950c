"""Physical cores of this machine: the default number of threads (DESIGN §5, Defaults of bench)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

CPU_FOLDER = Path("/sys/devices/system/cpu")


def usable_cpus() -> frozenset[int]:
    """Numbers of the logical processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def physical_cores(cpus: Iterable[int] | None = None, folder: Path = CPU_FOLDER) -> int:
    """The number of physical cores behind logical processors, at least 1.

    Args:
        cpus: Numbers of the logical processors; those that this process may use by default.
        folder: Where Linux describes them; where it does not, every logical processor counts as a core.
    """
    return max(1, len({_core_of(cpu, folder) for cpu in (usable_cpus() if cpus is None else cpus)}))


def _core_of(cpu: int, folder: Path) -> tuple[str, str]:
    topology = folder / f"cpu{cpu}" / "topology"
    try:
        package = (topology / "physical_package_id").read_text().strip()
        return package, (topology / "core_id").read_text().strip()
    except OSError:
        return "unknown", str(cpu)
