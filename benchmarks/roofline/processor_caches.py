"""How much the processor's caches can keep from one run to the next."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from toolkit.backends.cores import CPU_FOLDER, usable_cpus

_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}


def cache_bytes(cpus: Iterable[int] | None = None, folder: Path = CPU_FOLDER) -> int | None:
    """Bytes in all caches of logical processors, shared ones once; those for instructions do not count.

    Args:
        cpus: Their numbers; those that this process may use by default.
        folder: Where Linux describes them.

    Returns:
        None where the system does not tell.
    """
    found: dict[tuple[str, ...], int] = {}
    for cpu in usable_cpus() if cpus is None else cpus:
        for place in sorted((folder / f"cpu{cpu}" / "cache").glob("index*")):
            try:
                level, kind, shared, size = (
                    (place / name).read_text().strip()
                    for name in ("level", "type", "shared_cpu_list", "size")
                )
                if kind != "Instruction":
                    found[level, kind, shared] = _bytes(size)
            except (OSError, ValueError):  # one that is not described in full
                continue
    return sum(found.values()) if found else None


def _bytes(text: str) -> int:
    unit = _UNITS.get(text[-1:].upper())
    return int(text[:-1]) * unit if unit else int(text)
