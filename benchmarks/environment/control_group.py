"""The control group of this process: how much processor time it may use, and how often that stopped it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environment.reading import Group, Roots, Unknown, fields_in, number_in, text_of


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """The folders of a process's control group and of those above it, innermost first.

    Attributes:
        version: 1 or 2; the version in which processor time is controlled.
        folders: Those that exist; inside a container the outer ones are not to be seen.
    """

    version: int
    folders: tuple[Path, ...]


def find_control_group(roots: Roots) -> ControlGroup | Unknown:
    """The group that ``/proc/self/cgroup`` names for processor time."""
    text = text_of(roots.proc / "self" / "cgroup")
    if isinstance(text, Unknown):
        return text
    paths = {}
    for line in text.splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        paths.update(dict.fromkeys(controllers.split(","), path))
    base = roots.sys / "fs" / "cgroup"
    if "cpu" in paths:
        return _found(1, [base / "cpu", base / "cpu,cpuacct"], paths["cpu"])
    if "" in paths:
        return _found(2, [base, base / "unified"], paths[""])
    return Unknown("cgroup: no group controls processor time")


def _found(version: int, mounts: list[Path], path: str) -> ControlGroup | Unknown:
    mark = "cpu.stat"
    parts = [part for part in path.split("/") if part not in {"", ".", ".."}]
    for mount in mounts:
        levels = (mount.joinpath(*parts[:depth]) for depth in range(len(parts), -1, -1))
        folders = tuple(folder for folder in levels if (folder / mark).is_file())
        if folders:
            return ControlGroup(version, folders)
    return Unknown(f"cpu.stat: no folder of a version {version} control group has it")


def throttled(group: ControlGroup | Unknown) -> tuple[int, float] | Unknown:
    """How often, and for how many milliseconds, a quota of this group or of one above it stopped processes.

    A group without a quota does not count, and is 0.
    """
    if isinstance(group, Unknown):
        return group
    times, stopped_ms = 0, 0.0
    for folder in group.folders:
        fields = fields_in(folder / "cpu.stat")
        if isinstance(fields, Unknown):
            return fields
        try:
            times += int(fields.get("nr_throttled", 0))
            # version 1 counts nanoseconds, version 2 microseconds
            stopped_ms += (
                int(fields.get("throttled_time", 0)) / 1e6 + int(fields.get("throttled_usec", 0)) / 1e3
            )
        except ValueError:
            return Unknown("cpu.stat: it holds no number")
    return times, stopped_ms


def read_control_group(roots: Roots) -> Group:
    """Version, quota in processors, and what throttling there was since the group was made."""
    group = find_control_group(roots)
    counted = throttled(group)
    return {
        "version": group if isinstance(group, Unknown) else group.version,
        "quota_processors": _quota(group),
        "throttled": counted if isinstance(counted, Unknown) else counted[0],
        "throttled_ms": counted if isinstance(counted, Unknown) else counted[1],
    }


def _quota(group: ControlGroup | Unknown) -> float | Unknown:
    """The least quota of all levels."""
    if isinstance(group, Unknown):
        return group
    read = _quota_of_version_1 if group.version == 1 else _quota_of_version_2
    found = [quota for folder in group.folders for quota in read(folder)]
    return min(found) if found else Unknown("no quota is set")


def _quota_of_version_1(folder: Path) -> Iterator[float]:
    quota, period = (number_in(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    if isinstance(quota, int) and isinstance(period, int) and quota > 0 and period > 0:
        yield quota / period


def _quota_of_version_2(folder: Path) -> Iterator[float]:
    text = text_of(folder / "cpu.max")
    words = [] if isinstance(text, Unknown) else text.split()
    if len(words) == 2 and all(word.isdecimal() for word in words) and int(words[1]) > 0:
        yield int(words[0]) / int(words[1])
