"""Arrays held against what a graph reads."""

from __future__ import annotations

import re

import numpy as np
import pytest

from toolkit.backends.fitting import fitting
from toolkit.backends.protocol import TensorInfo
from toolkit.errors import BadInput, Where

PLACE = Where(file="net.onnx")


def test_a_scalar_stays_a_scalar():
    found = fitting("x", np.float32(2.5), TensorInfo((), "float32"), PLACE)
    assert (found.shape, found.dtype, float(found)) == ((), np.float32, 2.5)


def test_an_array_is_made_contiguous_with_its_values():
    given = np.arange(6, dtype=np.float32).reshape(2, 3).T
    found = fitting("x", given, TensorInfo((None, 2), "float32"), PLACE)
    assert found.flags.c_contiguous
    assert found.tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (1, 2, 3, 4)])
def test_every_shape_fits_where_the_rank_is_open(shape: tuple[int, ...]):
    wanted = TensorInfo((), "float32", any_rank=True)
    assert fitting("x", np.ones(shape, np.float32), wanted, PLACE).shape == shape
    with pytest.raises(BadInput, match="float32 of any shape"):
        fitting("x", np.ones(shape), wanted, PLACE)


def test_what_is_open():
    assert [TensorInfo(s, "float32").is_open for s in ((), (1, 2), (1, None))] == [False, False, True]
    assert TensorInfo((), "float32", any_rank=True).is_open


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        (None, "CTK516", "missing"),
        ([[1.0, 2.0], [3.0]], "CTK508", "no array"),
        ([[1.0, 2.0]], "CTK508", "float64 1×2"),
        ("picture.png", "CTK508", "scalar"),
        ([["a", "b"]], "CTK508", "<U1"),
        (np.zeros((1, 3), np.float32), "CTK508", "1×3"),
        (np.zeros(2, np.float32), "CTK508", "?×2"),
        (np.float32(1), "CTK508", "scalar"),
    ],
)
def test_anything_else_is_refused(value: object, code: str, words: str):
    with pytest.raises(BadInput, match=re.escape(words)) as caught:
        fitting("x", value, TensorInfo((None, 2), "float32"), PLACE)
    assert caught.value.code == code
    assert caught.value.where == PLACE
