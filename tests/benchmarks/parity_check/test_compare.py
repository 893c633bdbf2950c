"""Verdicts over several outputs."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.parity_check.compare import OutputsParity, compare_outputs, require_parity
from benchmarks.parity_check.rule import default_tolerance
from toolkit.errors import CheckFailed, Inconclusive

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
