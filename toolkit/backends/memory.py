"""Whether a model can fit into memory at all, asked before a runtime is left to find out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from toolkit.errors import EnvironmentFailed, Where

_MEGABYTE = 1_000_000
_KIBIBYTE = 1024  # /proc/meminfo says kB and means this
PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


def refuse_too_large(files: Sequence[Path], backend: str) -> None:
    """Checks that a model's files are not larger than the memory that is free for this process.

    Every runtime holds the weights at least once, so a larger model fails for sure; whether a smaller one
    fits only loading it tells. Where this system does not say what is free, nothing is checked.

    Args:
        files: Every file of the artifact, the main one first; those that are not there count nothing.
        backend: Who is to load them.

    Raises:
        EnvironmentFailed: CTK408 with both figures.
    """
    available = available_bytes()
    needed = sum(map(_size, files))
    if available is None or needed <= available:
        return
    raise EnvironmentFailed(
        "CTK408",
        f"the model is larger than memory: its files hold {needed / _MEGABYTE:.1f} MB, and the backend "
        f"{backend} could get {available / _MEGABYTE:.1f} MB here",
        Where(file=str(files[0])),
        ["close other programs, raise the limit of the container, or use a machine with more memory"],
    )


def available_bytes(proc: Path = PROC, cgroups: Path = CGROUPS) -> int | None:
    """Memory that this process could still get, in bytes: the least of what is free and of every limit.

    Args:
        proc: Where Linux describes processes and memory.
        cgroups: Where it describes control groups, of either version.

    Returns:
        None where the system tells none of it.
    """
    found = [_free(proc), _address_space_left(proc), *_cgroups_left(proc, cgroups)]
    return min((max(0, left) for left in found if left is not None), default=None)


def _size(file: Path) -> int:
    with suppress(OSError, ValueError):
        return file.stat().st_size
    return 0


def _free(proc: Path) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in (proc / "meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * _KIBIBYTE
    return None


def _address_space_left(proc: Path) -> int | None:
    """What ``ulimit -v`` leaves; None without such a limit."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return None
    with suppress(OSError, ValueError, IndexError):
        pages = int((proc / "self" / "statm").read_text().split()[0])
        return limit - pages * resource.getpagesize()
    return limit


def _cgroups_left(proc: Path, cgroups: Path) -> Iterator[int]:
    """What each limit on this process's control group, or one above it, leaves."""
    with suppress(OSError):
        for line in (proc / "self" / "cgroup").read_text().splitlines():
            controllers, _, path = line.partition(":")[2].partition(":")
            if not controllers:  # version 2
                yield from _left_upwards(cgroups, path, ("memory.max", "memory.current"))
            elif "memory" in controllers.split(","):
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
                yield from _left_upwards(cgroups / "memory", path, names)


def _left_upwards(root: Path, path: str, names: tuple[str, str]) -> Iterator[int]:
    """From a control group up to the root; inside a container the outer part of the path is not there."""
    parts = [part for part in path.split("/") if part and part != ".."]
    for depth in range(len(parts), -1, -1):
        folder = root.joinpath(*parts[:depth])
        with suppress(OSError, ValueError):  # "max" is no number: no limit
            limit, used = (int((folder / name).read_text()) for name in names)
            yield limit - used + _reclaimable(folder)


def _reclaimable(folder: Path) -> int:
    """File pages that the kernel drops when memory is wanted, and counts as used until then."""
    with suppress(OSError, ValueError):
        for line in (folder / "memory.stat").read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == "inactive_file":
                return int(value)
    return 0
