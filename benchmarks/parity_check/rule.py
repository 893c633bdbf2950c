"""The parity rule of DESIGN §5 for one output, and the figures that explain its verdict.

In float64, every element must satisfy ``|d| <= atol + rtol * max|reference|``, the maximum per channel
(axis 1) for a network's outputs and over the whole blob for the layers inside. Only this decides; root mean
square, cosine and the rest are explanation: each of them passes some real fault (benchmark_method.md §12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from toolkit.backends.precision import parts_of
from toolkit.errors import UsageFault

Doubles: TypeAlias = NDArray[np.float64]
Scope: TypeAlias = Literal["channel", "blob"]
Status: TypeAlias = Literal["pass", "fail"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Bounds of the rule: `rtol` of the largest reference value, plus `atol` in the output's unit."""

    rtol: float
    atol: float


DEFAULTS = {
    "f32": Tolerance(rtol=1e-4, atol=1e-5),
    "f16": Tolerance(rtol=1e-2, atol=1e-3),
    "bf16": Tolerance(rtol=5e-2, atol=5e-3),
}


class OutputParity(BaseModel):
    """Agreement of one output with its reference (`outputs[]` of ctk.parity/1).

    Attributes:
        name: Name of the output.
        status: Whether it passes.
        reason: Why it fails; null where it passes.
        rule: The rule in words, with its figures.
        max_abs: Largest difference.
        max_rel: Largest difference as a fraction of its channel's (or blob's) largest reference value; null
            where a difference meets a reference that is zero throughout.
        rmse: Root of the mean squared difference.
        cosine: Cosine of the angle between both as vectors; null where one of them is zero.
        worst_index: Index of the element that exceeds its bound most, or comes nearest to it.
        smallest_passing_rtol: Least `rtol` that would pass with this `atol`; null where none would.
        smallest_passing_atol: Least `atol` that would pass with this `rtol`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    status: Status
    reason: str | None = None
    rule: str
    max_abs: float | None = None
    max_rel: float | None = None
    rmse: float | None = None
    cosine: float | None = None
    worst_index: tuple[int, ...] | None = None
    smallest_passing_rtol: float | None = None
    smallest_passing_atol: float | None = None


def default_tolerance(precision_executed: str | None) -> Tolerance:
    """The tolerance for outputs computed in that precision (DESIGN §5).

    Args:
        precision_executed: A word of DESIGN §1, or ``f64``, which is judged as f32: outputs are f32 at most.
            Of ``mixed:…`` the loosest of its parts' tolerances holds.

    Raises:
        UsageFault: CTK601 where ``i8`` takes part, which is judged by ΔE2000 alone, and for a precision
            without a default.
    """
    parts = ["f32" if part == "f64" else part for part in parts_of(precision_executed or "")]
    if "i8" in parts:
        raise UsageFault("CTK601", "i8 has no tolerance: it is judged by ΔE2000 alone")
    if all(part in DEFAULTS for part in parts):
        found = [DEFAULTS[part] for part in parts]
        return Tolerance(max(t.rtol for t in found), max(t.atol for t in found))
    raise UsageFault(
        "CTK601",
        f"there is no default tolerance for the precision {precision_executed or 'that is not known'}",
        notes=["state both bounds", "defaults exist for " + ", ".join(DEFAULTS)],
    )


def rule_text(tolerance: Tolerance, scope: Scope) -> str:
    """The rule in words, for reports."""
    over = "of its channel" if scope == "channel" else "of the whole blob"
    return f"|d| <= {tolerance.atol:g} + {tolerance.rtol:g} * max|reference| {over}, in float64"


def judge(
    name: str,
    reference: NDArray[Any],
    candidate: NDArray[Any],
    tolerance: Tolerance,
    scope: Scope = "channel",
) -> OutputParity:
    """Compares one output with its reference: completeness, then finiteness, then the rule.

    Args:
        name: Name of the output.
        reference: What it should be; any shape, real numbers.
        candidate: What it is; nothing is broadcast or squeezed.
        tolerance: Bounds of the rule.
        scope: ``channel`` takes the largest reference value per index of axis 1, ``blob`` over everything;
            an array without an axis 1 is one blob.
    """
    rule = rule_text(tolerance, scope)
    fault = _incomparable(reference, candidate)
    if fault is not None:
        return OutputParity(name=name, status="fail", reason=fault, rule=rule)
    wanted, found = reference.astype(np.float64), candidate.astype(np.float64)
    difference = _difference(wanted, found)
    scale = np.broadcast_to(_largest(wanted, scope), wanted.shape)
    excess = difference - (tolerance.atol + tolerance.rtol * scale)
    worst = tuple(int(i) for i in np.unravel_index(int(excess.argmax()), excess.shape))
    failing = int(np.count_nonzero(excess > 0))
    return OutputParity(
        name=name,
        status="fail" if failing else "pass",
        reason=_breach(failing, excess.size, worst, wanted, found) if failing else None,
        rule=rule,
        max_abs=_finite(difference.max()),
        max_rel=_finite(_ratio(difference, scale).max()),
        rmse=_root_mean_square(difference),
        cosine=_cosine(wanted, found),
        worst_index=worst,
        smallest_passing_rtol=smallest_rtol(difference, scale, tolerance.atol),
        smallest_passing_atol=smallest_atol(difference, scale, tolerance.rtol),
    )


def smallest_rtol(difference: Doubles, scale: Doubles, atol: float) -> float | None:
    """The least `rtol` with which every difference passes; None where no finite one does.

    Args:
        difference: Absolute differences.
        scale: Largest reference value for each of them, same shape.
        atol: The other bound.
    """
    needed = float(_ratio(np.maximum(difference - atol, 0), scale).max())
    # Rounding may leave the quotient a few units in the last place short of passing.
    step = np.finfo(np.float64).eps
    while np.isfinite(needed) and (difference > atol + needed * scale).any():
        needed, step = needed * (1 + step), step * 2
    return _finite(needed)


def smallest_atol(difference: Doubles, scale: Doubles, rtol: float) -> float | None:
    """The least `atol` with which every difference passes, as `smallest_rtol`."""
    needed = float(np.maximum(difference - rtol * scale, 0).max())
    step = np.finfo(np.float64).eps
    while np.isfinite(needed) and (difference > needed + rtol * scale).any():
        needed, step = needed * (1 + step), step * 2
    return _finite(needed)


def _incomparable(reference: NDArray[Any], candidate: NDArray[Any]) -> str | None:
    """Why the rule cannot be applied at all; None when it can."""
    if candidate.shape != reference.shape:
        return f"its shape is {candidate.shape}, the reference's is {reference.shape}"
    if candidate.dtype.kind != reference.dtype.kind or candidate.dtype.kind not in "fiub":
        return f"its element type is {candidate.dtype}, the reference's is {reference.dtype}"
    if reference.size == 0:
        return "it has no elements, so nothing was compared"
    for whose, values in (("output", candidate), ("reference", reference)):
        bad = ~np.isfinite(values)
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            return f"{np.count_nonzero(bad)} values of the {whose} are not finite, the first at {first}"
    return None


def _breach(failing: int, size: int, worst: tuple[int, ...], wanted: Doubles, found: Doubles) -> str:
    return (
        f"{failing} of {size} values break the rule, worst at {worst}: "
        f"{found[worst]:.9g} instead of {wanted[worst]:.9g}"
    )


def _difference(wanted: Doubles, found: Doubles) -> Doubles:
    with np.errstate(over="ignore"):  # two finite doubles may differ by more than the largest one
        return np.abs(found - wanted)


def _largest(wanted: Doubles, scope: Scope) -> Doubles:
    if scope == "channel" and wanted.ndim >= 2:
        others = tuple(axis for axis in range(wanted.ndim) if axis != 1)
        return np.asarray(np.abs(wanted).max(axis=others, keepdims=True))
    return np.asarray(np.abs(wanted).max())


def _ratio(difference: Doubles, scale: Doubles) -> Doubles:
    """Differences as fractions of their scale; no difference is 0 whatever the scale, another over 0 inf."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(difference == 0, 0.0, difference / scale)


def _root_mean_square(difference: Doubles) -> float | None:
    largest = difference.max()
    if largest == 0 or not np.isfinite(largest):
        return _finite(largest)
    return _finite(largest * np.sqrt(np.mean((difference / largest) ** 2)))  # scaled: squares may overflow


def _cosine(wanted: Doubles, found: Doubles) -> float | None:
    largest = np.abs(wanted).max(), np.abs(found).max()
    if 0 in largest:
        return None
    one, other = (wanted / largest[0]).ravel(), (found / largest[1]).ravel()
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def _finite(value: float | np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None
