"""Suggests the name a user probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Note lines for an unknown name: the nearest known one, or all of them when they are few.

    Args:
        word: What the user wrote.
        known: The names that exist.
    """
    names = sorted(known)
    lowered = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return (f"did you mean {lowered[close[0]]!r}?",)
    if 0 < len(names) <= 20:
        return ("known: " + ", ".join(names),)
    return ()
