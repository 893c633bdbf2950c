"""Golden folders of both forms, and what may be wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.parity_check.golden import read_golden
from toolkit.errors import BadInput, Inconclusive

CASES = Path(__file__).resolve().parents[2] / "golden" / "cases"


def saved(folder: Path, inputs: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> Path:
    np.savez(folder / "inputs.npz", **inputs)
    np.savez(folder / "outputs.npz", **outputs)
    return folder


def test_a_case_is_one_input():
    found = read_golden(CASES / "outputs_several", None)
    wanted = json.loads((CASES / "outputs_several" / "case.json").read_text())
    assert list(found.inputs) == ["outputs_several"]
    assert {k: list(v.shape) for k, v in found.inputs["outputs_several"].items()} == wanted["inputs"]
    assert {k: list(v.shape) for k, v in found.outputs[0].items()} == wanted["outputs"]
    assert found.optional == frozenset(wanted["optional_outputs"])


def test_the_main_networks_form_has_several_inputs():
    found = read_golden(CASES.parent / "colorization_v2_norebal", ("data_l", "class8_ab"))
    assert list(found.inputs) == ["gradient", "astronaut", "coffee"]
    assert found.inputs["coffee"]["data_l"].shape == (1, 1, 224, 224)
    with np.load(CASES.parent / "colorization_v2_norebal" / "outputs.npz") as stored:
        np.testing.assert_array_equal(found.outputs[1]["class8_ab"], stored["astronaut"])


def test_inputs_of_a_network_with_several_outputs_are_refused(tmp_path: Path):
    saved(tmp_path, {"one": np.ones(1)}, {"one": np.ones(1)})
    with pytest.raises(BadInput, match="CTK516"):
        read_golden(tmp_path, None)


def test_a_blob_that_is_input_and_output_of_a_case_is_no_picture(tmp_path: Path):
    saved(tmp_path, {"x": np.ones(1)}, {"x": np.ones(1)})
    (tmp_path / "case.json").write_text('{"optional_outputs": ["x"]}')
    found = read_golden(tmp_path, ("x", "y"))
    assert list(found.outputs[0]) == ["x"]
    assert found.optional == {"x"}


def test_nothing_in_it_is_inconclusive(tmp_path: Path):
    saved(tmp_path, {"x": np.ones(1)}, {})
    with pytest.raises(Inconclusive, match="CTK301"):
        read_golden(tmp_path, None)


def test_a_missing_or_damaged_file_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match="CTK501"):
        read_golden(tmp_path, None)
    saved(tmp_path, {"x": np.ones(1)}, {"y": np.ones(1)})
    (tmp_path / "case.json").write_text("[]")
    with pytest.raises(BadInput, match=r"CTK502.*case\.json"):
        read_golden(tmp_path, None)
    (tmp_path / "outputs.npz").write_text("<html>")
    with pytest.raises(BadInput, match=r"CTK502.*outputs\.npz"):
        read_golden(tmp_path, None)
