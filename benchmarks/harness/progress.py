"""What a measurement says while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a measurement is.

    Attributes:
        doing: What happens now, a few words.
        done: Blocks that ran.
        total: Blocks in all, as far as is known now.
        remaining_s: Seconds that are left; None before the first block.
    """

    doing: str
    done: int
    total: int
    remaining_s: float | None


Listener: TypeAlias = Callable[[Progress], None]
