"""Fractions on the command line: ``3%`` or ``0.03``."""

from __future__ import annotations

from toolkit.errors import UsageFault


def fraction_of(word: str, option: str) -> float:
    """The fraction that a word states.

    Args:
        word: ``3%``, ``3 %`` or ``0.03``.
        option: Where it was given, for the message.

    Raises:
        UsageFault: CTK601 when it states none, or is 1 or more without a percent sign: 3 may mean 3 % or 300 %.
    """
    text = word.strip()
    percent = text.endswith("%")
    try:
        value = float(text.removesuffix("%"))
    except ValueError as error:
        raise _no_fraction(word, option) from error
    value = value / 100 if percent else value
    if not 0 < value < 10 or (value >= 1 and not percent):
        raise _no_fraction(word, option)
    return value


def _no_fraction(word: str, option: str) -> UsageFault:
    return UsageFault("CTK601", f"{option} needs a fraction such as 3% or 0.03, not {word!r}")
