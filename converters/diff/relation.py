"""How one array is related to another: equal, or equal after something that converters are known to do.

Large arrays are compared in pieces, in float64; nothing of their size is ever copied but the rows of one axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations, permutations
from math import inf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.diff.document import Kind

Numbers = NDArray[Any]
_CHUNK = 1 << 18  # elements
# float32 keeps 2^-24 relative; a product of two roundings, or a sum of a few, stays below this.
_ROUNDING = 1e-6
# float16 keeps 2^-11 relative, and 2^-25 below its normal numbers; numbers that were themselves rounded before
# may come out on the other side of a tie, which doubles it.
_HALF_ROUNDING = 2.0**-10
_HALF_SMALLEST = 2.0**-24
_LARGEST_HALF = 65504.0
_MOST_AXES = 5
_NO_NUMBERS = "OUSc"  # texts, and complex numbers, which no network of ours has


@dataclass(frozen=True, slots=True)
class Difference:
    """Figures of b - a, elementwise in float64.

    Attributes:
        max_abs: Largest magnitude; infinite where one of the two is not finite and the other differs.
        max_rel: ``max_abs`` over the largest magnitude of a.
        rmse: Root of the mean square.
        differing: Elements that differ; NaN equals NaN.
        factor: The c for which b is nearest to c * a.
        is_scaled: Whether what is left of b - c * a is rounding.
    """

    max_abs: float
    max_rel: float | None
    rmse: float
    differing: int
    factor: float | None
    is_scaled: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """The outcome for two arrays."""

    kind: Kind
    detail: str | None = None
    difference: Difference | None = None


def relate(
    a: Numbers,
    b: Numbers,
    *,
    folding: Numbers | None = None,
    converted: Numbers | None = None,
    folded_how: str = "divided by the factor of BatchNorm",
    tolerance: float = 0.0,
) -> Relation:
    """Finds the closest relation.

    Args:
        a: The first array.
        b: The second.
        folding: The first after a known folding, float64.
        converted: The first as ctk's conversion stores it.
        folded_how: What the folding does, in words.
        tolerance: Largest difference that counts as none, as a share of the largest magnitude of ``a``.
    """
    if _is_equal(a, b):
        if _squeezed(a.shape) != _squeezed(b.shape):
            return Relation("shape", "the same numbers in another shape")
        return Relation("equal" if a.shape == b.shape else "reshaped")
    if converted is not None and converted.shape == b.shape and _is_equal(converted, b):
        agrees = folding is not None and _agrees(folding, b)
        return Relation("folded" if agrees else "converted", folded_how if agrees else None)
    if folding is not None and _agrees(folding, b):
        return Relation("folded", folded_how)
    if a.size != b.size:
        return Relation("shape")
    found = _rearranged(a.reshape(_squeezed(a.shape)), b.reshape(_squeezed(b.shape)))
    if found is not None:
        return found
    if _squeezed(a.shape) != _squeezed(b.shape):
        return Relation("shape")
    if a.dtype.kind in _NO_NUMBERS or b.dtype.kind in _NO_NUMBERS:
        return Relation("different")
    difference = measure(a, b)
    if tolerance and difference.max_rel is not None and difference.max_rel <= tolerance:
        return Relation("within_tolerance", None, difference)
    if difference.is_scaled:
        return Relation("scaled", f"by {difference.factor:.6g}", difference)
    return Relation("different", None, difference)


def rounded(values: Numbers) -> NDArray[np.float16]:
    """Numbers as OpenVINO compresses them: to the nearest float16, the even one of two; too large ones saturate."""
    return np.clip(values, -_LARGEST_HALF, _LARGEST_HALF).astype(np.float16)


def measure(a: Numbers, b: Numbers) -> Difference:
    """The figures of two arrays of equally many elements, in the order of their elements."""
    largest = max_abs = squares = aa = ab = bb = 0.0
    differing = 0
    with np.errstate(all="ignore"):
        for x, y in _pieces(a, b):
            same = (x == y) | (np.isnan(x) & np.isnan(y))
            d = np.where(same, 0.0, np.abs(y - x))
            d[np.isnan(d)] = inf
            differing += int(d.size - np.count_nonzero(same))
            max_abs = max(max_abs, float(d.max(initial=0)))
            squares += float(d @ d)
            largest = max(largest, float(np.max(np.abs(x), initial=0, where=np.isfinite(x))))
            aa, ab, bb = aa + float(x @ x), ab + float(x @ y), bb + float(y @ y)
        factor = ab / aa if aa and np.isfinite(ab) and np.isfinite(aa) else None
        is_scaled = factor is not None and _is_multiple(a, b, factor, bb)
    rmse = sqrt(squares / a.size) if a.size and np.isfinite(squares) else (inf if a.size else 0.0)
    return Difference(max_abs, max_abs / largest if largest else None, rmse, differing, factor, is_scaled)


def fingerprint(values: Numbers) -> bytes:
    """A hash of the numbers in their order, whatever the shape (but for axes of size 1)."""
    digest = blake2b(repr((values.dtype.name, _squeezed(values.shape))).encode(), digest_size=16)
    for piece in _flat_pieces(values):
        digest.update(np.ascontiguousarray(piece).tobytes())
    return digest.digest()


def _is_multiple(a: Numbers, b: Numbers, factor: float, bb: float) -> bool:
    """Whether b is c * a but for rounding; a single number is always a multiple, which says nothing."""
    if not factor or not np.isfinite(factor) or abs(factor - 1) <= _ROUNDING or not bb:
        return False
    largest, off, seen = 0.0, 0.0, 0
    for x, y in _pieces(a, b):
        off = max(off, float(np.max(np.abs(y - factor * x), initial=0)))
        largest = max(largest, float(np.max(np.abs(y), initial=0)))
        seen += int(np.count_nonzero(y))
    return seen > 1 and off <= _ROUNDING * largest


def _is_equal(a: Numbers, b: Numbers) -> bool:
    """By value, so that -0 equals 0, and NaN equals NaN; numbers of other types by value too."""
    if a.size != b.size:
        return False
    return all(bool(np.all((x == y) | ((x != x) & (y != y)))) for x, y in _raw_pieces(a, b))  # noqa: PLR0124


def _agrees(wanted: Numbers, b: Numbers) -> bool:
    if _squeezed(wanted.shape) != _squeezed(b.shape):
        return False
    with np.errstate(all="ignore"):
        if b.dtype == np.float16:
            return all(
                bool(np.all(np.abs(x - y) <= _HALF_ROUNDING * np.abs(x) + _HALF_SMALLEST))
                for x, y in _pieces(wanted, b)
            )
        largest = float(np.max(np.abs(wanted), initial=0))
        return all(
            float(np.max(np.abs(x - y), initial=0)) <= _ROUNDING * largest for x, y in _pieces(wanted, b)
        )


def _rearranged(a: Numbers, b: Numbers) -> Relation | None:
    """The same numbers in another order: transposed, flipped, or rows of one axis permuted."""
    if (
        a.dtype.kind in _NO_NUMBERS
        or b.dtype.kind in _NO_NUMBERS
        or a.ndim == 0
        or a.ndim > _MOST_AXES
        or not _has_same_sum(a, b)
    ):
        return None
    for order in list(permutations(range(a.ndim)))[1:]:
        turned = a.transpose(order)
        if turned.shape == b.shape and _is_equal(turned, b):
            return Relation("transposed", f"axes {', '.join(map(str, order))}")
    if a.shape != b.shape:
        return None
    for count in range(1, a.ndim + 1):
        for axes in combinations(range(a.ndim), count):
            if _is_equal(np.flip(a, axes), b):
                return Relation("flipped", f"along axis {', '.join(map(str, axes))}")
    for axis in range(min(a.ndim, 2)):
        if a.shape[axis] > 1 and sorted(_rows(a, axis)) == sorted(_rows(b, axis)):
            return Relation("permuted", f"along axis {axis}")
    return None


def _rows(values: Numbers, axis: int) -> list[bytes]:
    moved = np.moveaxis(values, axis, 0)
    return [blake2b(np.ascontiguousarray(row).tobytes(), digest_size=16).digest() for row in moved]


def _has_same_sum(a: Numbers, b: Numbers) -> bool:
    """Cheap, and false for nearly everything that is not a rearrangement."""
    sums = np.zeros(4)
    with np.errstate(all="ignore"):
        for x, y in _pieces(a, b):
            sums += [x.sum(), y.sum(), x @ x, y @ y]
    if not np.isfinite(sums).all():
        return True
    # Sums of n numbers in another order differ by rounding, which the squares bound.
    slack = 1e-9 * (sqrt(sums[2] * a.size) + 1e-300)
    return bool(abs(sums[0] - sums[1]) <= slack and abs(sums[2] - sums[3]) <= 1e-9 * sums[2])


def _squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _flat_pieces(values: Numbers) -> Iterator[Numbers]:
    """Pieces in the order of elements; views, or copies of one piece."""
    if values.flags.c_contiguous:
        flat = values.reshape(-1)
        for start in range(0, flat.size, _CHUNK):
            yield flat[start : start + _CHUNK]
        return
    if values.size <= _CHUNK:
        yield values.reshape(-1)
        return
    step = max(1, _CHUNK * len(values) // values.size)
    for start in range(0, len(values), step):
        block = values[start : start + step]
        yield from [block.reshape(-1)] if block.size <= _CHUNK or block.ndim == 1 else _flat_pieces(block[0])


def _raw_pieces(a: Numbers, b: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Pieces of two arrays with equally many elements, cut at the same places."""
    left, right = _flat_pieces(a), _flat_pieces(b)
    x, y = next(left, None), next(right, None)
    while x is not None and y is not None:
        size = min(x.size, y.size)
        yield x[:size], y[:size]
        x = x[size:] if size < x.size else next(left, None)
        y = y[size:] if size < y.size else next(right, None)


def _pieces(a: Numbers, b: Numbers) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    for x, y in _raw_pieces(a, b):
        yield x.astype(np.float64), y.astype(np.float64)
