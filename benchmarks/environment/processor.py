"""The processor: its name, the flags that decide about precision, its cores and which logical ones share them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path

from benchmarks.environment.reading import Group, Roots, Unknown, fields_in, number_in, text_of
from toolkit.machine import cpu_facts


def read_processor(roots: Roots, cpus: AbstractSet[int]) -> Group:
    """Name, flags, cores and their logical processors, of the whole machine; `usable_cores` of this process."""
    facts = cpu_facts(roots.proc / "cpuinfo")
    online = _online(roots)
    cores = online if isinstance(online, Unknown) else _cores(roots, online)
    usable = _cores(roots, sorted(cpus))
    return {
        "name": facts.name or Unknown("cpuinfo: it names no model"),
        "flags": Unknown("cpuinfo: it lists no flags") if facts.flags is None else list(facts.flags),
        "logical": online if isinstance(online, Unknown) else len(online),
        "cores": cores if isinstance(cores, Unknown) else len(cores),
        "usable_cores": usable if isinstance(usable, Unknown) else len(usable),
        "smt_map": cores,
        "smt": _smt(roots),
        "virtual": _virtual(roots),
    }


def numbers_of(text: str) -> list[int]:
    """A list of the kernel, such as ``0-2,5``.

    Raises:
        ValueError: It is none.
    """
    found: list[int] = []
    for part in text.split(","):
        low, dash, high = part.partition("-")
        first, last = int(low), int(high if dash else low)
        if last - first > 1 << 16:
            raise ValueError(part)
        found += range(first, last + 1)
    return found


def _online(roots: Roots) -> list[int] | Unknown:
    text = text_of(roots.sys / "devices/system/cpu/online")
    if isinstance(text, Unknown):
        return text
    try:
        return numbers_of(text)
    except ValueError:
        return Unknown("online: it lists no processors")


def _cores(roots: Roots, cpus: list[int]) -> list[list[int]] | Unknown:
    """The logical processors of each physical core."""
    found: dict[tuple[int, int], list[int]] = {}
    for cpu in cpus:
        folder = roots.sys / f"devices/system/cpu/cpu{cpu}/topology"
        package, core = number_in(folder / "physical_package_id"), number_in(folder / "core_id")
        if isinstance(package, Unknown) or isinstance(core, Unknown):
            return Unknown("topology: the system does not say which processors share a core")
        found.setdefault((package, core), []).append(cpu)
    return [found[key] for key in sorted(found)]


def _smt(roots: Roots) -> bool | Unknown:
    active = number_in(roots.sys / "devices/system/cpu/smt/active")
    return active if isinstance(active, Unknown) else active == 1


def _virtual(roots: Roots) -> bool | Unknown:
    """Whether a hypervisor is below: then time can be stolen, and frequencies are the host's matter."""
    fields = fields_in(_cpuinfo(roots), ":")
    if isinstance(fields, Unknown):
        return fields
    if "flags" not in fields:
        return Unknown("cpuinfo: only x86 processors say it there")
    return "hypervisor" in fields["flags"].split()


def _cpuinfo(roots: Roots) -> Path:
    return roots.proc / "cpuinfo"
