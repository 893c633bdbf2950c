"""The table of faults, for a network of one pooling: everything from the files to the named layer."""

from __future__ import annotations

from pathlib import Path

import pytest
from wrong_networks import case_files

from benchmarks.fault_table import fault_table


def test_every_fault_of_a_pooling_is_found_and_its_layer_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))
    rows, notes = fault_table(case_files("pool_round_floor"), "onnxruntime", threads=1)
    named = {row.fault: (row.found, row.layer, row.layer_named) for row in rows}
    assert named.pop("output-removed") == (True, "op", None)  # what is not there has no value to walk to
    assert named.pop("pooling-rounding") == (True, "op", "op")
    assert set(named) == {"ab-swapped", "output-scaled", "output-shifted", "output-grey", "nan-pixel"}
    assert set(named.values()) == {(True, "op", "op")}
    assert any(note.startswith("bias-dropped: ") for note in notes)
    rounded = next(row for row in rows if row.fault == "pooling-rounding")
    assert rounded.why == "its shape is (1, 2, 3, 4), the reference's is (1, 2, 2, 3)"
