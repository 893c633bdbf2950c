"""The rule of a whole run in words, with its figures."""

from __future__ import annotations

from benchmarks.parity_check.rule import DEFAULTS, Tolerance, rule_text


def rules_in_words(stated: Tolerance | None) -> str:
    """The rule that was stated, or the default of each precision."""
    if stated is not None:
        return rule_text(stated, "channel")
    bounds = ", ".join(f"{word} {one.rtol:g} / {one.atol:g}" for word, one in DEFAULTS.items())
    return (
        "|d| <= atol + rtol * max|reference| of its channel, in float64; rtol / atol by the looser of the "
        f"executed and the stored precision: {bounds}; i8 by ΔE2000 alone"
    )
