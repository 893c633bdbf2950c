"""The parity rule as a user states it: ``rtol=1e-3,atol=1e-5``."""

from __future__ import annotations

import math

from benchmarks.parity_check.rule import Tolerance
from toolkit.errors import UsageFault

_FORM = "write it as rtol=1e-4,atol=1e-5; a bound that is left out is 0"


def parse_rule(text: str) -> Tolerance:
    """The tolerance that a text states.

    Args:
        text: ``rtol=NUMBER`` and ``atol=NUMBER`` in any order, separated by a comma; one of them may be left
            out, and is 0 then.

    Raises:
        UsageFault: CTK601 for anything else, and for a bound that is negative or not finite.
    """
    bounds: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = (word.strip() for word in part.partition("="))
        if name not in {"rtol", "atol"} or name in bounds:
            raise _meaningless(text)
        bounds[name] = _bound(number, text)
    return Tolerance(rtol=bounds.get("rtol", 0.0), atol=bounds.get("atol", 0.0))


def _bound(number: str, text: str) -> float:
    try:
        value = float(number)
    except ValueError:
        raise _meaningless(text) from None
    if not math.isfinite(value) or value < 0:
        raise _meaningless(text)
    return value


def _meaningless(text: str) -> UsageFault:
    return UsageFault("CTK601", f"{text[:80]!r} is no parity rule", notes=[_FORM])
