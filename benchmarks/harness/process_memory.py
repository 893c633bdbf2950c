"""Memory of processes: the largest that this one held, and whether the kernel killed some for it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def peak_rss_bytes(proc: Path = PROC) -> int | None:
    """The largest resident memory of this process so far; None where unknown.

    ``ru_maxrss`` would not do on Linux: a child starts with that of its parent.
    """
    with suppress(OSError, ValueError, IndexError):
        for line in (proc / "self" / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    with suppress(ImportError):
        import resource
        import sys

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return None


def memory_kills(proc: Path = PROC) -> int | None:
    """How many processes the kernel has killed for memory since the machine started; None where unknown."""
    with suppress(OSError, ValueError, IndexError):
        for line in (proc / "vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None
