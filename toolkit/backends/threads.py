"""How many threads a backend computes with."""

from __future__ import annotations

from toolkit.backends.cores import physical_cores, usable_cpus
from toolkit.errors import EnvironmentFailed, UsageFault


def thread_count(threads: int | None) -> int:
    """The number of threads asked for, or the physical cores.

    Raises:
        UsageFault: CTK601 below 1.
        EnvironmentFailed: CTK407 above the logical processors that this process may use: the surplus would
            only wait, and no figure measured so means anything.
    """
    if threads is None:
        return physical_cores()
    usable = len(usable_cpus())
    if threads < 1:
        raise UsageFault("CTK601", f"the number of threads must be at least 1, not {threads}")
    if threads > usable:
        raise EnvironmentFailed(
            "CTK407",
            f"{threads} threads were asked for, but this process may use {usable} logical processors",
            notes=[f"ask for at most {usable}"],
        )
    return threads
