"""What a runtime is known to compute otherwise than the file says, without a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.backends.protocol import Lacking
from toolkit.errors import EnvironmentFailed, Where
from toolkit.messages import note, warn


@dataclass(frozen=True, slots=True)
class Deviation:
    """A node or layer that a runtime gets wrong.

    Attributes:
        name: The node or layer.
        type: Its operator or layer type.
        reason: What the runtime does.
        is_fatal: Whether it cannot run at all (the process dies, or the shape is wrong); else its numbers
            are wrong.
    """

    name: str
    type: str
    reason: str
    is_fatal: bool


def heed_deviations(wrong: Sequence[Deviation], artifact: Path, backend: str, remedy: str) -> None:
    """Refuses what cannot run, and warns of what runs and gives wrong numbers.

    Args:
        wrong: What was found.
        artifact: The main file.
        backend: Who is to run it.
        remedy: What the user can do, for a note.

    Raises:
        EnvironmentFailed: CTK404 naming the first node or layer that cannot run.
    """
    for found in wrong:
        if found.is_fatal:
            what = f"{backend} cannot execute {found.type} {found.name!r}: {found.reason}"
            raise EnvironmentFailed("CTK404", what, Where(file=str(artifact)), [remedy])
    for found in wrong:
        warn(f"{backend} computes {found.type} {found.name!r} of {artifact} wrongly: {found.reason}")
    if wrong:
        note(remedy)


def as_lacking(found: Deviation) -> Lacking:
    """A deviation as `Backend.supports` reports it."""
    return Lacking(found.name, found.type, found.reason)
