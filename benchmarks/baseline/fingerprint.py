"""Which machine, and which runtimes set how: only figures of equal fingerprints are compared.

benchmark_method.md §11 has the fields.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from benchmarks.bench_document import BenchDocument, BenchRun
from benchmarks.machine import Machine

_GIBIBYTE = 1 << 30
_THREAD_WORDS = re.compile(r"thread|spin|stream|affinity|pinning|hyper", re.IGNORECASE)
# Alone, or among the settings of a run behind "env".
_THREAD_VARIABLES = re.compile(r"(env )?(OMP|KMP|GOMP|MKL|OPENBLAS|BLIS|TBB)_")
# What runs in every arm, in the stages around the network.
_COMMON_LIBRARIES = ("numpy", "opencv-python-headless")


class Fingerprint(BaseModel):
    """What two measurements must share to be compared; null where unknown, which equals only null.

    Attributes:
        cpu: Model name of the processor.
        cores: Physical cores that are online.
        usable_cores: Physical cores that the process may use.
        flags: Its features that decide about precision and speed.
        memory_class: Main memory in GiB, rounded up to a power of two: kernels keep a different bit for themselves.
        kernel: System and the first number of its release.
        runtime_versions: By backend, and of the libraries that every arm needs.
        thread_settings: By backend (by arm where several have the same one), what it says about its threads; and the
            environment variables about them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpu: str | None
    cores: int | None
    usable_cores: int
    flags: tuple[str, ...] | None
    memory_class: str | None
    kernel: str
    runtime_versions: dict[str, str | None]
    thread_settings: dict[str, str]

    @property
    def digest(self) -> str:
        """The first 16 hexadecimal digits of the sha256 of all fields as JSON."""
        text = self.model_copy(
            update={
                "runtime_versions": dict(sorted(self.runtime_versions.items())),
                "thread_settings": dict(sorted(self.thread_settings.items())),
            }
        ).model_dump_json()
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint(document: BenchDocument, arms: Collection[str] | None = None) -> Fingerprint:
    """The fingerprint of a document.

    Args:
        document: What was measured, and where.
        arms: The arms whose runtimes count; all that were measured by default.
    """
    runs = [run for run in document.runs if run.status == "ok" and (arms is None or run.arm in arms)]
    machine = document.machine
    versions = {name: machine.versions.get(name) for name in _COMMON_LIBRARIES}
    return Fingerprint(
        **machine_fields(machine),
        runtime_versions=versions | {run.backend: run.runtime_version for run in runs},
        thread_settings=_thread_settings(document, runs),
    )


def machine_fields(machine: Machine) -> dict[str, Any]:
    """The fields of a fingerprint that are known before anything was measured."""
    return {
        "cpu": machine.cpu,
        "cores": machine.cores,
        "usable_cores": machine.usable_cores,
        "flags": machine.flags,
        "memory_class": _memory_class(machine.memory_bytes),
        "kernel": _kernel_major(machine.kernel),
    }


def differences(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """One line for each field that differs: its name, the new value, and the old one.

    Of a field with entries (``runtime_versions``) only the entries that differ are named.
    """
    lines = []
    for field in new:
        here, there = new[field], old[field]
        if isinstance(here, dict) and isinstance(there, dict):
            lines += [
                f"{field}, {key}: {_shown(here.get(key))} here, {_shown(there.get(key))} there"
                for key in sorted(here.keys() | there.keys())
                if here.get(key) != there.get(key)
            ]
        elif here != there:
            lines.append(f"{field}: {_shown(here)} here, {_shown(there)} there")
    return lines


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return "unknown" if value is None else str(value)


def _memory_class(memory_bytes: int | None) -> str | None:
    if memory_bytes is None:
        return None
    whole = max(-(-memory_bytes // _GIBIBYTE), 1)
    return f"up to {1 << (whole - 1).bit_length()} GiB"


def _kernel_major(kernel: str) -> str:
    """``Linux 6`` of ``Linux 6.8.0-45-generic``."""
    system, _, release = kernel.partition(" ")
    return f"{system} {release.partition('.')[0]}".strip()


def _thread_settings(document: BenchDocument, runs: list[BenchRun]) -> dict[str, str]:
    found: dict[str, str] = {}
    backends = [run.backend for run in runs]
    for run in runs:
        who = run.backend if backends.count(run.backend) == 1 else run.arm
        found[f"{who} threads"] = str(run.threads)
        for name, value in run.effective_settings.items():
            if _THREAD_WORDS.search(name) or _THREAD_VARIABLES.match(name):
                found[f"{who} {name}"] = value
    variables = document.environment.before.get("variables") or {}
    return found | {
        name: str(value) for name, value in variables.items() if _THREAD_VARIABLES.match(str(name))
    }
