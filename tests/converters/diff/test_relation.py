"""Arrays changed on purpose: the relation that is found is the change that was made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from converters.diff import relation
from converters.diff.relation import fingerprint, measure, relate


def _floats(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


A = _floats(6, 4, 3, 3)
SWAPPED = A[[1, 0, 2, 3, 4, 5]]


@pytest.mark.parametrize("chunk", [5, 1 << 18])
@pytest.mark.parametrize(
    ("b", "kind", "detail"),
    [
        (A.copy(), "equal", None),
        (A.astype(np.float64), "equal", None),
        (np.asfortranarray(A), "equal", None),
        (A.reshape(1, 6, 4, 3, 3), "reshaped", None),
        (A.reshape(6, 36), "shape", "the same numbers in another shape"),
        (A.transpose(0, 1, 3, 2).copy(), "transposed", "axes 0, 1, 3, 2"),
        (A.transpose(1, 0, 2, 3).copy(), "transposed", "axes 1, 0, 2, 3"),
        (A[:, :, ::-1, ::-1].copy(), "flipped", "along axis 2, 3"),
        (SWAPPED, "permuted", "along axis 0"),
        (A[:, [2, 1, 0, 3]], "permuted", "along axis 1"),
        (A * np.float32(2.5), "scaled", "by 2.5"),
        (A[:5], "shape", None),
        (_floats(6, 4, 3, 3, seed=1), "different", None),
    ],
)
def test_the_change_is_named(
    b: NDArray[Any], kind: str, detail: str | None, chunk: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relation, "_CHUNK", chunk)
    found = relate(A, b)
    assert (found.kind, found.detail) == (kind, detail)


@pytest.mark.parametrize("chunk", [7, 1 << 18])
def test_figures(chunk: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(relation, "_CHUNK", chunk)
    a, b = _floats(5, 11), _floats(5, 11, seed=1)
    b[0] = a[0]
    d = b.astype(np.float64) - a
    found = measure(a, b)
    assert found.max_abs == np.abs(d).max()
    assert found.max_rel == np.abs(d).max() / np.abs(a.astype(np.float64)).max()
    assert found.rmse == pytest.approx(np.sqrt(np.mean(d**2)), rel=1e-12)
    assert found.differing == 44


def test_tolerance_is_a_share_of_the_largest_number():
    a = np.asarray([1.0, -8.0, 2.0], np.float32)
    b = a + np.asarray([0.0, 0.0, 0.5], np.float32)
    assert relate(a, b, tolerance=0.5 / 8).kind == "within_tolerance"
    assert relate(a, b, tolerance=0.49 / 8).kind == "different"


def test_numbers_that_are_not_finite():
    a = np.asarray([np.nan, np.inf, 1.0, 3.0], np.float32)
    assert relate(a, a.copy()).kind == "equal"
    b = np.asarray([np.nan, 1.0, 1.0, 4.0], np.float32)
    found = relate(a, b)
    assert found.kind == "different"
    assert found.difference is not None
    assert (found.difference.max_abs, found.difference.differing) == (np.inf, 2)


def test_minus_zero_is_zero():
    assert relate(np.zeros(3, np.float32), np.asarray([-0.0, 0.0, -0.0], np.float32)).kind == "equal"


@pytest.mark.parametrize(("a", "b"), [(1.5, 3.0), (0.0, 1.0)])
def test_a_single_number_is_no_multiple(a: float, b: float):
    assert relate(np.full(1, a, np.float32), np.full(1, b, np.float32)).kind == "different"


def test_arrays_without_elements():
    assert relate(np.zeros((0, 3)), np.zeros((0, 3))).kind == "equal"


def test_folding_and_conversion():
    stored = _floats(7)
    divided = stored.astype(np.float64) / 3
    assert relate(stored, divided.astype(np.float32), folding=divided).kind == "folded"
    assert relate(stored, (divided * 1.001).astype(np.float32), folding=divided).kind == "scaled"
    matrix = _floats(4, 5)
    assert relate(matrix, matrix.T.copy()).kind == "transposed"
    assert relate(matrix, matrix.T.copy(), converted=matrix.T).kind == "converted"


def test_texts_are_compared_and_have_no_figures():
    a = np.asarray([b"x", b"y"], object)
    assert relate(a, a.copy()).kind == "equal"
    assert relate(a, np.asarray([b"x", b"z"], object)).difference is None


def test_fingerprints_see_numbers_and_not_memory_layout():
    assert fingerprint(A) == fingerprint(np.asfortranarray(A)) == fingerprint(A[None])
    assert fingerprint(A) != fingerprint(SWAPPED)
