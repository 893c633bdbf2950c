"""Words of DESIGN §1 for the precision that is asked for, and for the one that was executed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from toolkit.errors import UsageFault

NATIVE = "native"
MIXED = "mixed:"


def executed_word(precisions: Iterable[str]) -> str | None:
    """One word for the precisions of all layers that compute.

    Args:
        precisions: A word of DESIGN §1 for each of them.

    Returns:
        The word itself where all are equal, ``mixed:bf16+f32`` (in the order of the alphabet) where they
        differ, None for none.
    """
    words = sorted(set(precisions))
    if not words:
        return None
    return words[0] if len(words) == 1 else MIXED + "+".join(words)


def parts_of(word: str) -> tuple[str, ...]:
    """The precisions that a word of `executed_word` names."""
    return tuple(word.removeprefix(MIXED).split("+"))


def refuse_unoffered(precision: str, offered: Sequence[str], backend: str, why: str | None = None) -> None:
    """Checks that a backend can be asked for a precision.

    Args:
        precision: What it is asked for.
        offered: What it can be asked for.
        backend: Its name.
        why: Why it offers no others.

    Raises:
        UsageFault: CTK604 naming what it offers.
    """
    if precision not in offered:
        raise UsageFault(
            "CTK604",
            f"the backend {backend} cannot be asked for precision {precision!r}",
            notes=["offered: " + ", ".join(offered), *([why] if why else [])],
        )
