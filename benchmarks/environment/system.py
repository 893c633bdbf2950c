"""Kernel, container, and the clock that times everything."""

from __future__ import annotations

import platform
import time
from itertools import pairwise

from benchmarks.environment.reading import Group, Roots, Unknown, text_of

_PROBES = 1000
# Words in the path of a control group, by the container that puts them there.
_CONTAINERS = {
    "kubepods": "kubernetes",
    "libpod": "podman",
    "docker": "docker",
    "containerd": "containerd",
    "lxc": "lxc",
}


def read_system(roots: Roots) -> Group:
    """Operating system, release of the kernel, architecture, and the kind of container if there is one."""
    return {
        "name": platform.system() or Unknown("Python does not tell it"),
        "kernel": platform.release() or Unknown("Python does not tell it"),
        "architecture": platform.machine() or Unknown("Python does not tell it"),
        "container": _container(roots),
    }


def _container(roots: Roots) -> str | Unknown:
    """Only its kind; its name or number would name a host. ``none seen`` is no proof."""
    for mark, kind in ((".dockerenv", "docker"), ("run/.containerenv", "podman")):
        if (roots.root / mark).exists():
            return kind
    text = text_of(roots.proc / "self" / "cgroup")
    if isinstance(text, Unknown):
        return text
    return next((kind for word, kind in _CONTAINERS.items() if word in text), "none seen")


def read_clock(roots: Roots) -> Group:
    """The clock behind every stamp (`time.perf_counter_ns`).

    `backward_steps` counts those among 1000 readings in a row; `read_at_ns` lets the reading after a measurement
    be held against the one before.
    """
    about = time.get_clock_info("perf_counter")
    stamps = [time.perf_counter_ns() for _ in range(_PROBES)]
    return {
        "source": text_of(roots.sys / "devices/system/clocksource/clocksource0/current_clocksource"),
        "implementation": about.implementation,
        "monotonic": about.monotonic,
        "resolution_ns": round(about.resolution * 1e9),
        "backward_steps": sum(last < first for first, last in pairwise(stamps)),
        "read_at_ns": stamps[-1],
    }
