"""What is measured: one backend with one artifact and its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from toolkit.errors import UsageFault


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


def refuse_unmeasurable(arms: Sequence[Arm], pictures: Sequence[Path]) -> None:
    """Checks that there is something to measure, and that results can be told apart.

    Raises:
        UsageFault: CTK601 for no arm, no picture, or two arms of one name.
    """
    names = {arm.name for arm in arms}
    if not arms or not pictures or len(names) < len(arms):
        raise UsageFault("CTK601", "measuring needs arms of different names, and a picture")
