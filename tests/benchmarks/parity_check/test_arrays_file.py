"""NPZ files: NumPy's own reader and writer as the oracle, and files that lie."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.parity_check.arrays_file import read_arrays, read_cases, write_arrays, write_cases
from toolkit.errors import BadInput


def some() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {
        "data/l": random.random((1, 1, 3, 4), np.float32),
        "../file": np.asarray(random.random((2, 3)).T),
        "file": np.array(7.5),
        "größe\n": np.arange(6, dtype=np.int64),
        "empty": np.empty((0, 3), np.float32),
    }


def test_numpy_reads_what_is_written_and_its_hash_names_the_content(tmp_path: Path):
    digest = write_arrays(tmp_path / "a.npz", some())
    assert digest == hashlib.sha256((tmp_path / "a.npz").read_bytes()).hexdigest()
    assert digest == write_arrays(tmp_path / "b.npz", some())
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert found.files == list(some())
        for name, array in some().items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_numpy_writes(tmp_path: Path, save: Callable[..., None]):
    wanted = {"x": np.zeros((4, 100), np.float32), "y": np.asfortranarray(np.random.rand(3, 5))}
    save(tmp_path / "a.npz", **wanted)
    found = read_arrays(tmp_path / "a.npz", "inputs")
    assert list(found) == ["x", "y"]
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def header(shape: str, dtype: str = "<f4") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}]), allow_pickle=True)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "entries",
    [
        {"a.npy": header("(1000000000, 1000)")},
        {"a.npy": header("(-1, 5)")},
        {"a.npy": header("(2,)", "|O") + b"x" * 16},
        {"a.npy": header("(2,)", "<c8") + b"x" * 16},
        {"a.npy": b"no array"},
        {"a.npy": b""},
        {"a.npy": pickled()},
        {"a.npy": header("(4,)") + b"1234"},
        {"a.npy": header("(")},
        {"a.npy": header("(" * 60 + ")" * 60)},
    ],
    ids=["huge", "negative", "object", "complex", "text", "empty", "pickle", "short", "unclosed", "nested"],
)
def test_an_entry_that_is_no_such_array_is_refused(tmp_path: Path, entries: dict[str, bytes]):
    with pytest.raises(BadInput) as caught:
        read_arrays(zipped(tmp_path / "a.npz", entries), "inputs")
    assert caught.value.code == "CTK502"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_expands_without_a_known_bound_is_refused(tmp_path: Path, method: int):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", method) as archive:
        archive.writestr("a.npy", header("(1,)") + b"1234")
    with pytest.raises(BadInput, match=r"CTK502 .*DEFLATE"):
        read_arrays(tmp_path / "a.npz", "inputs")


def test_every_cut_of_a_file_is_an_error_and_never_a_crash(tmp_path: Path):
    write_arrays(tmp_path / "a.npz", {"x": np.arange(3.0)})
    whole = (tmp_path / "a.npz").read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "b.npz").write_bytes(whole[:length])
        with pytest.raises(BadInput, match="CTK502"):
            read_arrays(tmp_path / "b.npz", "inputs")
    with pytest.raises(BadInput, match="CTK501"):
        read_arrays(tmp_path / "none.npz", "inputs")


def test_inputs_keep_their_order_and_one_may_have_no_array(tmp_path: Path):
    cases = [{"a": np.ones(2)}, {}, {"b/c": np.zeros(1), "a": np.ones(3)}]
    write_cases(tmp_path / "a.npz", cases)
    found = read_cases(tmp_path / "a.npz", "outputs", 4)
    assert [list(case) for case in found] == [["a"], [], ["b/c", "a"], []]
    assert found[2]["a"].shape == (3,)


@pytest.mark.parametrize("key", ["a", "x/a", "9/a", "-1/a", "99999999999/a"])
def test_another_name_than_number_and_name_is_refused(tmp_path: Path, key: str):
    write_arrays(tmp_path / "a.npz", {key: np.ones(1)})
    with pytest.raises(BadInput, match="CTK502"):
        read_cases(tmp_path / "a.npz", "outputs", 2)
