"""Verdicts over several outputs, and ΔE2000 against published pairs."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.parity_check.compare import OutputsParity, compare_outputs, delta_e2000, require_parity
from benchmarks.parity_check.rule import default_tolerance
from toolkit.errors import BadInput, CheckFailed, Inconclusive

F32 = default_tolerance("f32")


def outputs():
    random = np.random.default_rng(0)
    return {"ab": random.normal(0, 30, (1, 2, 4, 5)), "bins": random.random((1, 3, 4, 5))}


def test_all_pass_in_the_references_order():
    candidates = {name: value.astype(np.float32) for name, value in reversed(outputs().items())}
    found = compare_outputs(outputs(), candidates, F32)
    assert found.verdict == "pass"
    assert [(one.name, one.status) for one in found.outputs] == [("ab", "pass"), ("bins", "pass")]
    require_parity(found)


def test_one_wrong_output_decides():
    candidates = outputs()
    candidates["bins"] = candidates["bins"] * 1.01
    found = compare_outputs(outputs(), candidates, F32)
    assert found.verdict == "fail"
    assert [one.status for one in found.outputs] == ["pass", "fail"]
    with pytest.raises(CheckFailed, match=r"CTK101 1 of 2 outputs differ") as caught:
        require_parity(found)
    assert len(caught.value.notes) == 1
    assert caught.value.notes[0].startswith("bins: ")
    assert "1e-05 + 0.0001 * max|reference|" in caught.value.notes[0]


def test_a_missing_output_fails():
    candidates = outputs()
    del candidates["bins"]
    found = compare_outputs(outputs(), candidates, F32)
    assert found.verdict == "fail"
    assert (found.outputs[1].name, found.outputs[1].reason) == ("bins", "the output is missing")


def test_an_extra_output_fails():
    found = compare_outputs({"ab": np.ones((1, 2))}, {"ab": np.ones((1, 2)), "more": np.ones(1)}, F32)
    assert found.verdict == "fail"
    assert (found.outputs[1].name, found.outputs[1].reason) == (
        "more",
        "there is no reference for this output",
    )


def test_a_transposed_output_fails():
    candidates = outputs()
    candidates["ab"] = candidates["ab"].transpose(0, 1, 3, 2)
    assert compare_outputs(outputs(), candidates, F32).outputs[0].status == "fail"


def test_nothing_compared_is_inconclusive():
    found = compare_outputs({}, {}, F32)
    assert found == OutputsParity((), "inconclusive")
    with pytest.raises(Inconclusive, match="CTK301"):
        require_parity(found)


def test_the_scope_is_handed_on():
    reference = {"conv": np.array([[[100.0, 1]], [[100.0, 1]]]).reshape(1, 2, 2)}
    reference["conv"][0, 1] = 0
    candidate = {"conv": reference["conv"] + [[[0, 0], [0.005, 0]]]}
    assert compare_outputs(reference, candidate, F32, "channel").verdict == "fail"
    assert compare_outputs(reference, candidate, F32, "blob").verdict == "pass"


def test_delta_e2000_of_the_recorded_pictures():
    # science.md §8, "Tiny" (there from scikit-image's Lab, whose constants differ by up to 0.005).
    one = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [128, 128, 128]]], np.uint8)
    other = np.array([[[250, 10, 5], [10, 240, 10]], [[10, 10, 240], [120, 130, 140]]], np.uint8)
    found = delta_e2000(one, other)
    assert found.mean == pytest.approx(2.949563, abs=2e-3)
    assert found.max == pytest.approx(6.059258, abs=2e-3)
    # Sorted .938971, 1.620983, 3.179039, 6.059258: 95 % lies 0.85 of the way between the last two.
    assert found.p95 == pytest.approx(3.179039 + 0.85 * (6.059258 - 3.179039), abs=2e-3)


def test_delta_e2000_of_the_sixteen_by_sixteen_pictures():
    y, x = np.mgrid[0:16, 0:16]
    one = np.stack([16 * x, 16 * y, 8 * (x + y)], axis=-1)
    other = np.stack([16 * x + 8 * ((x + y) % 2), 16 * y - 4, 8 * (x + y) + 3], axis=-1)
    found = delta_e2000(one.astype(np.uint8), other.clip(0, 255).astype(np.uint8))
    assert found.mean == pytest.approx(2.6540952753, abs=2e-3)


def test_delta_e2000_of_a_picture_and_itself():
    rgb = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    found = delta_e2000(rgb, rgb)
    assert (found.mean, found.p95, found.max) == (0, 0, 0)


def test_pictures_of_other_sizes_are_refused():
    with pytest.raises(BadInput, match="CTK508"):
        delta_e2000(np.zeros((2, 3, 3), np.uint8), np.zeros((3, 2, 3), np.uint8))
