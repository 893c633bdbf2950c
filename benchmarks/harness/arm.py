"""What is measured: one backend with one artifact and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a comparison; its blocks run in a child process of its own, one for each launch.

    Attributes:
        name: Unique in a run; comparisons refer to it.
        backend: A registered backend.
        artifact: Main file of the artifact.
        precision: What the backend is asked for, a word of DESIGN §1 or ``native``.
        threads: Threads that compute; never left to a runtime's default.
        device: Where to compute, in the runtime's own words; its CPU by default.
        batch: Pictures in one inference; the artifact's input must take that many.
        options: Further options of that very backend; JSON values.
        mean: Where the artifact subtracts the 50 from L; None where nothing says it.
    """

    name: str
    backend: str
    artifact: Path
    threads: int
    precision: str = "f32"
    device: str | None = None
    batch: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    mean: str | None = None


def control_of(arm: Arm) -> Arm:
    """The same arm once more, to be measured against itself."""
    return replace(arm, name=f"{arm.name} (control)")
