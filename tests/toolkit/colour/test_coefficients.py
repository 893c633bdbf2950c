from __future__ import annotations

import hashlib
import io
import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.colour.coefficients import coefficients, coefficients_npy_bytes, read_array, read_coefficients
from toolkit.errors import BadInput, CtkError
from toolkit.messages import collected_warnings

OFFICIAL = Path(__file__).resolve().parents[4] / "shared" / "model" / "pts_in_hull.npy"


@pytest.fixture
def released(tmp_path: Path) -> Path:
    path = tmp_path / "pts_in_hull.npy"
    path.write_bytes(coefficients_npy_bytes())
    return path


def saved(path: Path, array: object) -> Path:
    np.save(path, np.asarray(array))
    return path


def fault(path: Path) -> CtkError:
    with pytest.raises(BadInput) as caught:
        read_coefficients(path)
    return caught.value


def test_derived_file_is_the_released_one():
    data = coefficients_npy_bytes()
    assert len(data) == 5088
    assert (
        hashlib.sha256(data).hexdigest() == "b5dec01315c34f43f1c8c089e84c45ae35d1838d8e77ed0e7ca930f79ffa450e"
    )
    assert np.array_equal(np.load(io.BytesIO(data)), coefficients())


def test_fingerprint_of_the_points():
    # science.md §3.1.
    points = coefficients()
    assert (points.shape, points.dtype) == ((313, 2), np.int64)
    assert points[0].tolist() == [-90, 50]
    assert points[120].tolist() == [0, 0]
    assert points[-1].tolist() == [100, 0]
    assert points.sum(axis=0).tolist() == [4910, 2090]
    with pytest.raises(ValueError, match="read-only"):
        points[0] = 0


@pytest.mark.skipif(not OFFICIAL.exists(), reason="../shared/model is not here")
def test_derived_file_equals_the_official_one():
    assert OFFICIAL.read_bytes() == coefficients_npy_bytes()
    with collected_warnings() as warnings:
        read_coefficients(OFFICIAL)
    assert warnings == []


def test_weights_have_the_layers_layout(released: Path):
    with collected_warnings() as warnings:
        weights = read_coefficients(released)
    assert warnings == []
    assert (weights.shape, weights.dtype, weights.flags.c_contiguous) == ((2, 313, 1, 1), np.float32, True)
    assert weights[0, 0, 0, 0] == -90
    assert weights[1, 0, 0, 0] == 50


@pytest.mark.parametrize("dtype", ["<i2", ">i4", "<f2", ">f8", "<f4"])
@pytest.mark.parametrize("transposed", [False, True])
def test_layouts_and_types_that_mean_the_same_are_taken(tmp_path: Path, dtype: str, transposed: bool):
    points = coefficients().astype(dtype)
    with collected_warnings() as warnings:
        weights = read_coefficients(saved(tmp_path / "c.npy", points.T if transposed else points))
    assert warnings == []
    assert weights[:, :, 0, 0].T.tolist() == coefficients().tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p[::-1], "a permutation of the released ones"),
        (lambda p: p[:, ::-1], "columns a and b exchanged"),
        (lambda p: p + np.array([[10, 0]]), "not the released ones"),
    ],
)
def test_other_content_or_order_gives_a_warning(tmp_path: Path, change: Any, words: str):
    with collected_warnings() as warnings:
        read_coefficients(saved(tmp_path / "c.npy", change(coefficients())))
    assert len(warnings) == 1
    assert words in warnings[0]


def test_permutation_counts_the_rows_that_moved(tmp_path: Path):
    points = coefficients().copy()
    points[[3, 8]] = points[[8, 3]]
    with collected_warnings() as warnings:
        read_coefficients(saved(tmp_path / "c.npy", points))
    assert "2 of 313 rows" in warnings[0]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((326, 2)), "(326, 2)"),
        (np.zeros((2, 313, 1, 1)), "(2, 313, 1, 1)"),
        (np.zeros(626), "(626,)"),
        (np.full((313, 2), np.nan), "nan"),
        (np.full((313, 2), np.inf), "inf"),
        (np.full((313, 2), 1e300), "no finite ab value"),
        (np.full((313, 2), 10.5), "10.5, which is not a multiple of 10"),
        (np.zeros((313, 2), bool), "bool"),
    ],
)
def test_arrays_that_cannot_be_coefficients(tmp_path: Path, array: Any, words: str):
    error = fault(saved(tmp_path / "c.npy", array))
    assert error.code == "CTK512"
    assert words in error.what
    assert str(tmp_path / "c.npy") in error.headline


def test_too_large_a_file_is_not_read(tmp_path: Path):
    path = tmp_path / "c.npy"
    with path.open("wb") as file:
        file.write(coefficients_npy_bytes())
        file.truncate(1_000_001)
    assert fault(path).code == "CTK512"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html></html>", "HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"PK\x03\x04" + bytes(30), "zip"),
        (b"\x93NUMPY\x01\x00\xff\xff", "npy"),
        (b"random bytes, nothing else", "npy"),
    ],
)
def test_files_that_are_no_npy_are_named(tmp_path: Path, content: bytes, words: str):
    path = tmp_path / "c.npy"
    path.write_bytes(content)
    error = fault(path)
    assert error.code == "CTK502"
    assert words in error.what


def test_missing_file_and_folder(tmp_path: Path):
    assert fault(tmp_path / "absent.npy").code == "CTK501"
    assert fault(tmp_path).code == "CTK501"


def test_truncated_file(released: Path):
    released.write_bytes(released.read_bytes()[:-1])
    assert "needs 5008 bytes of data, the file has 5007" in fault(released).what


def test_pickles_are_refused_and_never_run(tmp_path: Path):
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    path = tmp_path / "c.npy"
    np.save(path, np.array([Bomb()], object), allow_pickle=True)
    assert "pickled" in fault(path).what
    assert not (tmp_path / "ran").exists()
    path.write_bytes(pickle.dumps(Bomb()))
    assert fault(path).code == "CTK502"
    assert not (tmp_path / "ran").exists()


def test_huge_declared_shape_allocates_nothing(tmp_path: Path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 4), }".ljust(117) + b"\n"
    path = tmp_path / "c.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(BadInput, match="needs 32000000000000 bytes"):
        read_array(path)


@pytest.mark.parametrize("array", [np.arange(6.0).reshape(1, 2, 3), np.array(7, ">i2"), np.zeros((0, 3))])
def test_any_numbers_are_read(tmp_path: Path, array: Any):
    read = read_array(saved(tmp_path / "a.npy", array))
    assert np.array_equal(read, array)
    assert read.dtype.isnative


@pytest.mark.parametrize("array", [np.zeros(3, complex), np.array(["a"]), np.zeros(2, [("x", "f4")])])
def test_other_than_numbers_is_refused(tmp_path: Path, array: Any):
    with pytest.raises(BadInput, match="CTK502"):
        read_array(saved(tmp_path / "a.npy", array))


_HEADERS = st.one_of(
    st.binary(max_size=200),
    st.text("{}()[]':, descrfotanphiu<>|0123456789-TrueFalse*\\x", max_size=160).map(str.encode),
)


@settings(max_examples=150, deadline=None)
@given(version=st.sampled_from([b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x09"]), header=_HEADERS)
def test_damaged_headers_give_an_error_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, version: bytes, header: bytes
):
    path = tmp_path_factory.getbasetemp() / "fuzz.npy"
    size = len(header).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    path.write_bytes(b"\x93NUMPY" + version + size + header + bytes(64))
    with suppress(BadInput):
        read_array(path)
