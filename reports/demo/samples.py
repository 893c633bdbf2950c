"""The pictures of the demo: photographs that scikit-image ships, so that nothing is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NAMES = ("astronaut.png", "coffee.png", "chelsea.png")


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture file: its name, and its bytes as they lie on disk."""

    name: str
    data: bytes


def samples() -> list[Sample]:
    """All demo pictures, in the order of `NAMES`."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    return [Sample(Path(name).stem, (folder / name).read_bytes()) for name in NAMES]
