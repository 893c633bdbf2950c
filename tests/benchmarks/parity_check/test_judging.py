"""The worst of all inputs, element types, precisions, and the border of an output."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.parity_check.judging import judge_all, refuse_infinite, tolerance_of
from benchmarks.parity_check.regions import region_errors
from benchmarks.parity_check.rule import Tolerance
from toolkit.errors import BadInput, UsageFault

RULE = Tolerance(rtol=1e-2, atol=0.0)


def references(count: int = 3) -> list[dict[str, np.ndarray]]:
    random = np.random.default_rng(5)
    return [{"ab": random.uniform(-10, 10, (1, 2, 8, 8)), "p": random.random((1, 4))} for _ in range(count)]


def as_f32(cases: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    return [{name: array.astype(np.float32) for name, array in case.items()} for case in cases]


def test_the_worst_input_is_named_and_the_bounds_hold_for_all():
    wanted, found = references(), as_f32(references())
    found[1]["ab"][0, 1, 3, 4] += 5.0
    found[2]["ab"][0, 0, 0, 7] += 0.5
    judged = judge_all(wanted, found, ["one", "two", "three"], RULE)
    assert judged.passed is False
    by_name = {row.name: row for row in judged.outputs}
    assert by_name["p"].status == "pass"
    assert by_name["ab"].status == "fail"
    assert judged.worst_input["ab"] == "two"
    assert by_name["ab"].worst_index == (0, 1, 3, 4)
    assert by_name["ab"].max_abs == pytest.approx(5.0, rel=1e-5)
    # With the bound that it names everything passes, with a little less something does not.
    needed = by_name["ab"].smallest_passing_rtol
    assert needed is not None
    names = ["one", "two", "three"]
    assert judge_all(wanted, found, names, Tolerance(needed, 0.0)).passed
    assert not judge_all(wanted, found, names, Tolerance(needed * (1 - 1e-9), 0.0)).passed


def test_a_missing_output_of_one_input_is_worse_than_any_number():
    wanted, found = references(), as_f32(references())
    found[0]["ab"] *= 100
    del found[2]["ab"]
    judged = judge_all(wanted, found, ["one", "two", "three"], RULE)
    assert judged.passed is False
    assert judged.worst_input["ab"] == "three"
    assert judged.outputs[0].reason == "the output is missing"
    assert judged.outputs[0].smallest_passing_rtol is None


def test_an_extra_output_fails_unless_it_is_optional():
    wanted, found = references(1), as_f32(references(1))
    found[0]["more"] = np.zeros(3, np.float32)
    assert judge_all(wanted, found, ["one"], RULE).passed is False
    assert judge_all(wanted, found, ["one"], RULE, frozenset({"more"})).passed is True
    del found[0]["more"], found[0]["p"]
    assert judge_all(wanted, found, ["one"], RULE, frozenset({"p"})).passed is True


@pytest.mark.parametrize(
    ("reference", "candidate", "passes"),
    [
        (np.float64, np.float32, True),
        (np.float64, np.float64, True),
        (np.float64, np.float16, False),
        (np.float32, np.float16, False),
        (np.float32, np.float64, False),
        (np.float32, np.int32, False),
    ],
)
def test_the_element_type_must_be_the_references(reference: type, candidate: type, passes: bool):
    ones = np.ones((1, 2, 3, 3))
    judged = judge_all([{"ab": ones.astype(reference)}], [{"ab": ones.astype(candidate)}], ["one"], RULE)
    assert judged.passed is passes


@pytest.mark.parametrize(("candidate", "passes"), [(np.float64, True), (np.float16, False)])
def test_caffe_reference_in_float64_stands_for_caffes_float32(candidate: type, passes: bool):
    wanted = [{"ab": np.ones((1, 2, 3, 3), np.float32)}]
    found = [{"ab": wanted[0]["ab"].astype(candidate)}]
    assert judge_all(wanted, found, ["one"], RULE, executed="f64").passed is passes
    assert judge_all(wanted, found, ["one"], RULE, executed="f32").passed is False


def test_nothing_compared_is_not_a_pass():
    assert judge_all([{}], [{}], ["one"], RULE).passed is None


def test_weights_stored_in_f16_loosen_the_rule():
    assert tolerance_of(None, "f32", None) == Tolerance(1e-4, 1e-5)
    assert tolerance_of(None, "f32", "f16") == Tolerance(1e-2, 1e-3)
    assert tolerance_of(None, "bf16", "f16") == Tolerance(5e-2, 5e-3)
    assert tolerance_of(RULE, "f32", "f16") == RULE
    assert tolerance_of(None, "f32", "i8") is None
    with pytest.raises(UsageFault):
        tolerance_of(None, None, None)


def test_a_reference_that_is_not_finite_is_refused_with_its_place():
    bad = references(2)
    bad[1]["p"][0, 2] = np.nan
    with pytest.raises(BadInput, match=r"CTK519 .*'p'.*'two'.*\(0, 2\)"):
        refuse_infinite(bad, ["one", "two"], "caffe-reference")


def test_wrong_padding_shows_at_the_border_alone():
    wanted = np.zeros((1, 2, 56, 48))
    found = wanted.copy()
    found[:, :, 0, :] = 2.0
    found[:, :, :, -1] = -1.0
    errors = region_errors([(wanted, wanted), (wanted, found)])
    assert errors is not None
    border, interior = errors
    assert (border.max_abs, interior.max_abs, interior.rmse) == (2.0, 0.0, 0.0)
    # 48 // 16 = 3 rows and columns on each side, two channels, two inputs.
    assert interior.elements == 2 * 2 * 50 * 42
    assert border.elements + interior.elements == 2 * wanted.size
    squares = 2 * (47 * 2.0**2 + 56 * 1.0)
    assert border.rmse == pytest.approx(np.sqrt(squares / border.elements))
    assert region_errors([(np.zeros((1, 5)), np.zeros((1, 5)))]) is None


def test_a_border_that_is_not_finite_has_no_figures():
    found = np.zeros((1, 1, 4, 4))
    found[0, 0, 0, 0] = np.inf
    errors = region_errors([(np.zeros((1, 1, 4, 4)), found)])
    assert errors is not None
    assert errors[0].max_abs is None
    assert errors[1].max_abs == 0.0
