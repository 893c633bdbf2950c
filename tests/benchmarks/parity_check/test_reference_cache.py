"""Outputs of the reference are kept for each input, by content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.parity_check.arrays_file import Arrays
from benchmarks.parity_check.reference_outputs import cached_outputs
from toolkit.messages import collected_warnings


class Doubling:
    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, cases: Sequence[Arrays]) -> list[Arrays]:
        self.calls.append(len(cases))
        return [{"y": case["x"].astype(np.float64) * 2} for case in cases]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CTK_HOME", str(tmp_path))
    return tmp_path


def cases(*numbers: float) -> list[Arrays]:
    return [{"x": np.full((1, 2), number, np.float32)} for number in numbers]


def test_only_new_inputs_are_computed_and_order_is_kept(home: Path):
    evaluate = Doubling()
    assert cached_outputs(cases(1, 2), {"prototxt": "a"}, None, evaluate)[1] is False
    found, cached = cached_outputs(cases(3, 2, 1), {"prototxt": "a"}, None, evaluate)
    assert [float(one["y"][0, 0]) for one in found] == [6, 4, 2]
    assert cached is False
    assert evaluate.calls == [2, 1]
    found, cached = cached_outputs(cases(3, 1), {"prototxt": "a"}, None, evaluate)
    assert cached is True
    assert found[0]["y"].dtype == np.float64
    assert evaluate.calls == [2, 1]


def test_other_sources_outputs_or_types_are_other_entries(home: Path):
    evaluate = Doubling()
    cached_outputs(cases(1), {"prototxt": "a"}, None, evaluate)
    cached_outputs(cases(1), {"prototxt": "b"}, None, evaluate)
    cached_outputs(cases(1), {"prototxt": "a"}, ["y"], evaluate)
    cached_outputs([{"x": np.ones((1, 2))}], {"prototxt": "a"}, None, evaluate)
    cached_outputs([{"x": np.ones((2, 1), np.float32)}], {"prototxt": "a"}, None, evaluate)
    assert evaluate.calls == [1] * 5


def test_other_code_computes_again(home: Path, monkeypatch: pytest.MonkeyPatch):
    evaluate = Doubling()
    cached_outputs(cases(1), {"prototxt": "a"}, None, evaluate)
    monkeypatch.setattr("benchmarks.parity_check.reference_outputs._code_sha256", lambda: "changed")
    cached_outputs(cases(1), {"prototxt": "a"}, None, evaluate)
    assert evaluate.calls == [1, 1]


def test_a_damaged_entry_is_computed_again(home: Path):
    evaluate = Doubling()
    cached_outputs(cases(4), {}, None, evaluate)
    (file,) = (home / "artifacts").glob("*/outputs.npz")
    file.write_bytes(file.read_bytes()[:50])
    with collected_warnings() as warnings:
        found, cached = cached_outputs(cases(4), {}, None, evaluate)
    assert (float(found[0]["y"][0, 0]), cached) == (8, False)
    assert "damaged" in warnings[0]
    assert cached_outputs(cases(4), {}, None, evaluate)[1] is True


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "file"))
    with collected_warnings() as warnings:
        found, cached = cached_outputs(cases(1), {}, None, Doubling())
    assert (float(found[0]["y"][0, 1]), cached) == (2, False)
    assert "not kept" in warnings[0]
