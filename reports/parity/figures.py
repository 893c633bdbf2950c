"""Figures of parity as text."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.parity_document import ParityDocument, ParityPair

NOTHING = "-"


def scientific(value: float | None) -> str:
    """A difference or a bound with two digits; a dash for null."""
    if value is None:
        return NOTHING
    return f"{value:.1e}" if value else "0"


def plain(value: float | None, digits: int = 4) -> str:
    """A figure that a person reads, such as a ΔE2000; a dash for null."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def decibels(value: float | None) -> str:
    """A PSNR; null is that of equal pictures, which has no bound."""
    return "equal" if value is None else f"{value:.1f}"


def differences(found: DeltaE2000 | None) -> tuple[str, str, str]:
    """Mean, p95 and max of a ΔE2000, or dashes."""
    if found is None:
        return NOTHING, NOTHING, NOTHING
    return plain(found.mean), plain(found.p95), plain(found.max)


def element(index: Sequence[int] | None) -> str:
    """The index of an element, as NumPy takes it."""
    return NOTHING if index is None else f"[{', '.join(map(str, index))}]"


def pair_name(pair: ParityPair) -> str:
    """A pair in words, as the reasons of a verdict name it."""
    return f"{pair.backend} at {pair.precision_requested}"


def document_reference(document: ParityDocument) -> str:
    """What all were held against, in a word or two."""
    reference = document.reference
    return f"golden {reference.name}" if reference.kind == "golden" else reference.name
