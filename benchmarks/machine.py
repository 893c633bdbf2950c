"""What machine this is, for documents (benchmark_method.md §7); nothing that names a person or a host."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from toolkit.backends.cores import physical_cores
from toolkit.machine import CPUINFO, cpu_facts

LIBRARIES = ("numpy", "onnx", "onnxruntime", "opencv-python-headless", "openvino", "torch")
# Other distributions that bring the same module.
_INSTEAD = {
    "opencv-python-headless": ("opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python"),
}


class Machine(BaseModel):
    """The machine behind a measurement; what is unknown is null.

    Attributes:
        cpu: Model name of the processor.
        cores: Physical cores that are online.
        logical_cores: Logical processors that are online.
        usable_cores: Physical cores that this process may use.
        flags: The features in `toolkit.machine.FEATURES` that the processor has, sorted; null where not readable.
        memory_bytes: Main memory.
        kernel: System and its release.
        python: Version of Python.
        versions: Version of each library, null where it is not installed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpu: str | None
    cores: int | None
    logical_cores: int | None
    usable_cores: int
    flags: tuple[str, ...] | None
    memory_bytes: int | None
    kernel: str
    python: str
    versions: dict[str, str | None]


def describe_machine(libraries: Sequence[str] = LIBRARIES, cpuinfo: Path = CPUINFO) -> Machine:
    """This machine, now; imports none of the libraries that it gives the versions of.

    Args:
        libraries: Distributions whose versions matter.
        cpuinfo: Where Linux describes the processor.
    """
    facts = cpu_facts(cpuinfo)
    logical = os.cpu_count()
    return Machine(
        cpu=facts.name,
        cores=physical_cores(range(logical)) if logical is not None else None,
        logical_cores=logical,
        usable_cores=physical_cores(),
        flags=facts.flags,
        memory_bytes=_memory_bytes(),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        versions={name: library_version(name) for name in libraries},
    )


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def library_version(library: str) -> str | None:
    """The installed version of a library, or of what brings the same module; None where neither is installed."""
    for distribution in (library, *_INSTEAD.get(library, ())):
        with suppress(PackageNotFoundError):
            return version(distribution)
    return None
