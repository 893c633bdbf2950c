"""What is mutated: the files of every golden case, `must_error` ones included."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

CASES = Path(__file__).parents[1] / "golden" / "cases"


class Case(NamedTuple):
    """One golden case's files."""

    name: str
    prototxt: bytes
    caffemodel: bytes | None


@cache
def corpus() -> tuple[Case, ...]:
    """All cases, by name."""
    return tuple(
        _read(folder) for folder in sorted(CASES.iterdir()) if (folder / "deploy.prototxt").is_file()
    )


def _read(folder: Path) -> Case:
    weights = folder / "weights.caffemodel"
    return Case(
        folder.name,
        (folder / "deploy.prototxt").read_bytes(),
        weights.read_bytes() if weights.is_file() else None,
    )
