"""One value inside a network against its reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.parity_check.rule import Tolerance
from converters.caffe.layers.registry import Array

Status: TypeAlias = Literal["pass", "fail", "absent"]


@dataclass(frozen=True, slots=True)
class BlobError:
    """How far it is.

    Attributes:
        status: By the rule over the whole blob.
        max_abs: Largest difference; infinite where one of the two is not finite, None where they cannot be
            compared (another shape or element type).
        max_rel: `max_abs` over the largest reference value; infinite where that is 0 and `max_abs` is not.
    """

    status: Status
    max_abs: float | None
    max_rel: float | None


def compare_blob(reference: Array, candidate: NDArray[Any], tolerance: Tolerance) -> BlobError:
    """The parity rule over a whole blob (DESIGN §5), and nothing of what else `rule.judge` finds.

    Args:
        reference: What it should be, float64.
        candidate: What it is; nothing is broadcast or squeezed.
        tolerance: Bounds of the rule.
    """
    if candidate.shape != reference.shape or candidate.dtype.kind != "f" or not reference.size:
        return BlobError("fail", None, None)
    with np.errstate(all="ignore"):
        max_abs = float(np.abs(candidate.astype(np.float64) - reference).max())
        scale = float(np.abs(reference).max())
    if not (math.isfinite(max_abs) and math.isfinite(scale)):  # a NaN comes through both
        return BlobError("fail", math.inf, math.inf)
    passes = max_abs <= tolerance.atol + tolerance.rtol * scale
    ratio = 0.0 if max_abs == 0 else max_abs / scale if scale else math.inf
    return BlobError("pass" if passes else "fail", max_abs, ratio)
