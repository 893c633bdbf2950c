"""Figures as text: three digits that mean something, always with what makes them readable."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.bench_document import Interval

NOTHING = "-"


def milliseconds(value: float | None) -> str:
    """A time in ms, without its unit; a dash for null."""
    if value is None:
        return NOTHING
    return f"{value:.1f}" if value >= 100 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def milliseconds_interval(interval: Interval | None) -> str:
    """An interval of times in ms, without its unit; a dash for null."""
    if interval is None:
        return NOTHING
    return f"[{milliseconds(interval[0])}, {milliseconds(interval[1])}]"


def percentile(value: float | None, needs_n: int | None) -> str:
    """A percentile in ms, or how many samples it would take."""
    if value is None and needs_n is not None:
        return f"n/a (needs {needs_n})"
    return milliseconds(value)


def ratio(value: float | None) -> str:
    """A ratio of two times; a dash for null."""
    return NOTHING if value is None else f"{value:.3f}"


def ratio_interval(interval: Interval | None) -> str:
    """An interval of ratios; a dash for null."""
    return NOTHING if interval is None else f"[{interval[0]:.3f}, {interval[1]:.3f}]"


def percent(fraction: float) -> str:
    """A fraction such as a margin, in percent, without digits that say nothing."""
    return f"{100 * fraction:.0f} %" if fraction >= 1 else f"{100 * fraction:.3g} %"


def megabytes(count: int | None) -> str:
    """Bytes in MB (10^6); a dash for null."""
    return NOTHING if count is None else f"{count / 1e6:.0f} MB"


def counted(count: int, what: str) -> str:
    """A number with its noun, ``1 launch`` or ``5 launches``."""
    if count == 1:
        return f"1 {what}"
    return f"{count} {what}{'es' if what.endswith(('ch', 's', 'x')) else 's'}"


def shares_in_percent(shares: Mapping[str, float]) -> dict[str, float]:
    """Shares in tenths of a percent that add up exactly as the shares do, to 100.0 for a whole.

    Rounded one by one they may add up to 99.9; what is left goes to the largest remainders.
    """
    tenths = {stage: int(1000 * share) for stage, share in shares.items()}
    left = round(1000 * sum(shares.values())) - sum(tenths.values())
    by_remainder = sorted(shares, key=lambda stage: tenths[stage] - 1000 * shares[stage])
    for stage in by_remainder[:left]:
        tenths[stage] += 1
    return {stage: count / 10 for stage, count in tenths.items()}


def bar(fraction: float, width: int, full: str = "█") -> str:
    """A bar of a length in proportion; anything above nothing shows at least one mark.

    Args:
        fraction: Between 0 and 1.
        width: Marks of a whole one.
        full: The mark.
    """
    marks = round(min(max(fraction, 0.0), 1.0) * width)
    return full * max(marks, 1 if fraction > 0 else 0)
