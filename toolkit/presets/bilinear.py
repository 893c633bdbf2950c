"""Half-pixel bilinear resampling: two gathers and one blend per axis, float64.

The rule of OpenCV's INTER_LINEAR on floating-point planes and of torch's ``align_corners=False``: target
pixel i lies at ``(i + 0.5) * source / target - 0.5``, positions outside are moved to the edge, and nothing
is averaged when shrinking (no antialiasing).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Taps:
    """For each target position along one axis: its two source positions and the weight of the upper one."""

    lower: NDArray[np.intp]
    upper: NDArray[np.intp]
    weight: NDArray[np.float64]


def taps(source: int, target: int, start: int = 0, stop: int | None = None) -> Taps:
    """Taps of the target positions ``start`` to ``stop`` (all by default) of an axis.

    Args:
        source: Length before, at least 1.
        target: Length after, at least 1.
        start: First target position wanted.
        stop: One past the last one; ``target`` by default.
    """
    positions = np.arange(start, target if stop is None else stop, dtype=np.float64)
    place = np.clip((positions + 0.5) * (source / target) - 0.5, 0, source - 1)
    lower = np.floor(place).astype(np.intp)
    return Taps(lower, np.minimum(lower + 1, source - 1), place - lower)


def along(values: NDArray[np.float64], at: Taps, axis: int) -> NDArray[np.float64]:
    """The values resampled along one axis; all other axes stay as they are."""
    low, high = values.take(at.lower, axis), values.take(at.upper, axis)
    weight = at.weight.reshape([-1 if i == axis % values.ndim else 1 for i in range(values.ndim)])
    # low + w (high - low), not a sum of two products: an even plane stays exactly even.
    resampled: NDArray[np.float64] = low + weight * (high - low)
    return resampled


def resize(planes: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Planes (..., h, w), float64, resampled to (..., height, width)."""
    rows, columns = taps(planes.shape[-2], height), taps(planes.shape[-1], width)
    if height < planes.shape[-2]:  # the axis that shrinks goes first, and the other has less to do
        return along(along(planes, rows, -2), columns, -1)
    return along(along(planes, columns, -1), rows, -2)
