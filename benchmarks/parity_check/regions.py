"""The border of an output against its interior: wrong padding shows at the border (benchmark_method.md §12.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.parity_document import RegionError

# Of the smaller side: 3 of the main network's 56 rows, 1 of a small network's 8.
_RING = 16
Pair = tuple[NDArray[Any], NDArray[Any]]


def region_errors(pairs: Sequence[Pair]) -> tuple[RegionError, RegionError] | None:
    """Errors of the border ring and of what it encloses, over all inputs.

    The ring is 1/16 of the smaller side wide, and at least 1.

    Args:
        pairs: Reference and candidate of one output, N×C×h×w, for each input.

    Returns:
        Border and interior; None where no pair has planes of at least 3×3 and the same shape.
    """
    borders, interiors = [], []
    for reference, candidate in pairs:
        if reference.shape != candidate.shape or reference.ndim != 4 or min(reference.shape[2:]) < 3:
            continue
        inside = _interior(reference.shape[2:])
        with np.errstate(all="ignore"):  # what is not finite shows as null
            difference = np.abs(candidate.astype(np.float64) - reference.astype(np.float64))
        borders.append(difference[..., ~inside])
        interiors.append(difference[..., inside])
    if not borders:
        return None
    return _error(borders), _error(interiors)


def _interior(shape: Sequence[int]) -> NDArray[np.bool_]:
    ring = max(1, min(shape) // _RING)
    inside = np.zeros(tuple(shape), bool)
    inside[ring:-ring, ring:-ring] = True
    return inside


def _error(parts: Iterable[NDArray[np.float64]]) -> RegionError:
    values = np.concatenate([part.ravel() for part in parts])
    largest = float(values.max(initial=0.0))
    if not np.isfinite(values).all():
        return RegionError(elements=values.size, max_abs=None, rmse=None)
    scaled = values / largest if largest else values  # squares of huge values may overflow
    rmse = largest * float(np.sqrt(np.mean(scaled**2))) if values.size else 0.0
    return RegionError(elements=values.size, max_abs=largest, rmse=rmse)
