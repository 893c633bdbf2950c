"""Clock frequencies, who governs them, and turbo."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path

from benchmarks.environment.reading import Group, Roots, Unknown, fields_in, known, number_in, text_of


def read_frequency(roots: Roots, cpus: AbstractSet[int]) -> Group:
    """Governors and frequencies of the usable processors, in MHz; those of a virtual machine are its host's."""
    folders = [roots.sys / f"devices/system/cpu/cpu{cpu}/cpufreq" for cpu in sorted(cpus)]
    current = known(_megahertz(folders, "scaling_cur_freq", max), _from_cpuinfo(roots))
    return {
        "governors": _governors(folders),
        "min_mhz": _megahertz(folders, "scaling_min_freq", min),
        "max_mhz": _megahertz(folders, "scaling_max_freq", max),
        "current_mhz": current,
        "turbo": _turbo(roots),
    }


def _governors(folders: list[Path]) -> list[str] | Unknown:
    """All that occur."""
    found = [text_of(folder / "scaling_governor") for folder in folders]
    names = {name for name in found if not isinstance(name, Unknown)}
    return sorted(names) if names else Unknown("scaling_governor: the system does not tell it")


def _megahertz(folders: list[Path], name: str, choose: Callable[[list[int]], int]) -> float | Unknown:
    found = [number_in(folder / name) for folder in folders]
    kilohertz = [number for number in found if not isinstance(number, Unknown)]
    if kilohertz:
        return choose(kilohertz) / 1000
    return Unknown(f"{name}: the system does not tell it")


def _from_cpuinfo(roots: Roots) -> float | Unknown:
    fields = fields_in(roots.proc / "cpuinfo", ":")
    try:
        return fields if isinstance(fields, Unknown) else float(fields["cpu MHz"])
    except (KeyError, ValueError):
        return Unknown("cpuinfo: it tells no frequency")


def _turbo(roots: Roots) -> bool | Unknown:
    """From the drivers that tell: intel_pstate, and all others' common switch."""
    off = number_in(roots.sys / "devices/system/cpu/intel_pstate/no_turbo")
    if not isinstance(off, Unknown):
        return off == 0
    boost = number_in(roots.sys / "devices/system/cpu/cpufreq/boost")
    return Unknown("boost: the system does not tell it") if isinstance(boost, Unknown) else boost == 1
