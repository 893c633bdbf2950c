"""Main memory: how much there is, how much this process could get, and the policy of huge pages."""

from __future__ import annotations

import re

from benchmarks.environment.reading import Group, Roots, Unknown, fields_in, text_of
from toolkit.backends.memory import available_bytes

_KIBIBYTE = 1024  # meminfo says kB and means this


def read_memory(roots: Roots) -> Group:
    """Bytes, limits of containers included in what is available; and huge pages."""
    fields = fields_in(roots.proc / "meminfo", ":")
    available = available_bytes(roots.proc, roots.sys / "fs/cgroup")
    return {
        "total_bytes": _bytes(fields, "MemTotal"),
        "free_bytes": _bytes(fields, "MemFree"),
        "available_bytes": Unknown("the system does not tell it") if available is None else available,
        "swap_used_bytes": _swap_used(fields),
        "transparent_huge_pages": _policy(roots),
        "huge_pages": _number(fields, "HugePages_Total"),
    }


def _number(fields: dict[str, str] | Unknown, key: str) -> int | Unknown:
    if isinstance(fields, Unknown):
        return fields
    try:
        return int(fields[key].split()[0])
    except (KeyError, ValueError, IndexError):
        return Unknown(f"meminfo: it has no {key}")


def _bytes(fields: dict[str, str] | Unknown, key: str) -> int | Unknown:
    number = _number(fields, key)
    return number if isinstance(number, Unknown) else number * _KIBIBYTE


def _swap_used(fields: dict[str, str] | Unknown) -> int | Unknown:
    total, free = _bytes(fields, "SwapTotal"), _bytes(fields, "SwapFree")
    if isinstance(total, Unknown):
        return total
    return free if isinstance(free, Unknown) else total - free


def _policy(roots: Roots) -> str | Unknown:
    """The word in brackets of ``always [madvise] never``."""
    text = text_of(roots.sys / "kernel/mm/transparent_hugepage/enabled")
    if isinstance(text, Unknown):
        return text
    chosen = re.search(r"\[(\w+)\]", text)
    return chosen[1] if chosen else Unknown("enabled: no policy is marked as chosen")
