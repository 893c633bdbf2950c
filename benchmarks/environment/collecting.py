"""Everything about the host that a figure may depend on, in one dictionary (benchmark_method.md §7)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from benchmarks.environment.control_group import read_control_group
from benchmarks.environment.frequency import read_frequency
from benchmarks.environment.memory_state import read_memory
from benchmarks.environment.processor import read_processor
from benchmarks.environment.processor_time import read_load
from benchmarks.environment.reading import Group, Roots, Unknown
from benchmarks.environment.software import read_software
from benchmarks.environment.system import read_clock, read_system
from benchmarks.environment.variables import runtime_variables
from toolkit.backends.cores import usable_cpus

_SUBJECT = ("model_sha256", "input_sha256", "seed")


def collect(
    runtime_versions: Mapping[str, str],
    thread_settings: Mapping[str, Any],
    *,
    subject: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    cpus: AbstractSet[int] | None = None,
    roots: Roots | None = None,
) -> dict[str, Any]:
    """The host as it is now. Loads no runtime; takes a few milliseconds.

    Args:
        runtime_versions: By backend, as the runtimes say it themselves.
        thread_settings: What the runtimes say about their threads, read back, such as by arm.
        subject: What is measured: ``model_sha256``, ``input_sha256`` and ``seed``, as far as this document does
            not hold them elsewhere.
        environ: Environment variables; those of this process by default.
        cpus: Numbers of the logical processors that may be used; those of this process by default.
        roots: Where the system describes itself.

    Returns:
        JSON values, by group and key. What is unknown is null, and ``unknown`` has the reason under
        ``GROUP.KEY``. Nothing in it names a person, a host or a place on it.
    """
    roots = roots or Roots()
    cpus = usable_cpus() if cpus is None else cpus
    groups: dict[str, Group] = {
        "processor": read_processor(roots, cpus),
        "frequency": read_frequency(roots, cpus),
        "affinity": {"usable": sorted(cpus)},
        "control_group": read_control_group(roots),
        "load": read_load(roots, cpus),
        "memory": read_memory(roots),
        "system": read_system(roots),
        "clock": read_clock(roots),
        "software": read_software(runtime_versions),
        "threads": {"settings": dict(thread_settings) or Unknown("no runtime was loaded yet")},
        "variables": runtime_variables(os.environ if environ is None else environ),
        "subject": {key: (subject or {}).get(key, Unknown(_elsewhere(key))) for key in _SUBJECT},
    }
    return _with_reasons(groups)


def _elsewhere(key: str) -> str:
    return "it is in `settings`" if key == "seed" else "it is in `runs` or `settings`"


def _with_reasons(groups: Mapping[str, Group]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for group, facts in groups.items():
        found[group] = {key: None if isinstance(fact, Unknown) else fact for key, fact in facts.items()}
        reasons |= {f"{group}.{key}": fact.reason for key, fact in facts.items() if isinstance(fact, Unknown)}
    return found | {"unknown": reasons}
