"""The parity rule on small arrays whose verdicts and figures were worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.parity_check.rule import Tolerance, default_tolerance, judge
from toolkit.errors import UsageFault

LOOSE = Tolerance(rtol=0.1, atol=0.5)


def blob(*channels: list[float]):
    """1×C×1×W."""
    return np.array(channels, np.float32)[None, :, None, :]


def test_defaults_of_the_design():
    assert (default_tolerance("f32").rtol, default_tolerance("f32").atol) == (1e-4, 1e-5)
    assert (default_tolerance("f16").rtol, default_tolerance("f16").atol) == (1e-2, 1e-3)
    assert (default_tolerance("bf16").rtol, default_tolerance("bf16").atol) == (5e-2, 5e-3)


@pytest.mark.parametrize(
    ("precision", "rtol", "atol"),
    [
        ("f64", 1e-4, 1e-5),
        ("mixed:f32+f64", 1e-4, 1e-5),
        ("mixed:f16+f32", 1e-2, 1e-3),
        ("mixed:bf16+f16+f32", 5e-2, 5e-3),
    ],
)
def test_a_mixture_is_judged_by_its_loosest_part(precision: str, rtol: float, atol: float):
    assert default_tolerance(precision) == Tolerance(rtol=rtol, atol=atol)


@pytest.mark.parametrize("precision", ["i8", None, "", "mixed:", "mixed:f32+i8", "mixed:f32+x9", "x9"])
def test_no_default_is_invented(precision: str | None):
    with pytest.raises(UsageFault, match="CTK601"):
        default_tolerance(precision)


def test_figures_by_hand():
    found = judge("y", blob([10, -20], [1, 2]), blob([13, -20], [1, 2]), LOOSE)
    # Channel 0 may differ by 0.5 + 0.1 * 20 = 2.5, and does by 3.
    assert found.status == "fail"
    assert found.reason == "1 of 4 values break the rule, worst at (0, 0, 0, 0): 13 instead of 10"
    assert found.rule == "|d| <= 0.5 + 0.1 * max|reference| of its channel, in float64"
    assert found.max_abs == 3
    assert found.max_rel == pytest.approx(3 / 20)
    assert found.rmse == pytest.approx(1.5)
    assert found.cosine == pytest.approx((130 + 400 + 5) / np.sqrt(505 * 574))
    assert found.smallest_passing_rtol == pytest.approx(2.5 / 20)
    assert found.smallest_passing_atol == pytest.approx(1)


def test_the_largest_value_is_per_channel_or_over_the_blob():
    reference, candidate = blob([100, 0], [1, 0]), blob([100, 0], [1, 2])
    per_channel = judge("y", reference, candidate, LOOSE)
    assert per_channel.status == "fail"  # 2 > 0.5 + 0.1 * 1
    assert per_channel.worst_index == (0, 1, 0, 1)
    whole = judge("y", reference, candidate, LOOSE, "blob")
    assert whole.status == "pass"  # 2 <= 0.5 + 0.1 * 100
    assert whole.rule.endswith("max|reference| of the whole blob, in float64")
    assert whole.max_rel == pytest.approx(0.02)


def test_the_bound_itself_passes():
    reference = np.array([[8.0, 0.0]])
    tolerance = Tolerance(rtol=0.25, atol=0.5)  # exact in binary: 8 may differ by 2.5
    assert judge("y", reference, np.array([[10.5, 0.0]]), tolerance, "blob").status == "pass"
    assert (
        judge("y", reference, np.array([[np.nextafter(10.5, 11), 0.0]]), tolerance, "blob").status == "fail"
    )


def test_identical_outputs():
    same = blob([1, -2], [3, 4])
    found = judge("y", same, same.copy(), default_tolerance("f32"))
    assert (found.status, found.reason, found.max_abs, found.max_rel, found.rmse) == ("pass", None, 0, 0, 0)
    assert found.smallest_passing_rtol == found.smallest_passing_atol == 0
    assert found.cosine == pytest.approx(1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["output", "reference"])
def test_values_that_are_not_finite_fail_whatever_the_tolerance(bad: float, side: str):
    reference, candidate = blob([1, 2], [3, 4]), blob([1, 2], [3, 4])
    (candidate if side == "output" else reference)[0, 1, 0, :] = bad
    found = judge("y", reference, candidate, Tolerance(1e9, 1e9))
    assert found.status == "fail"
    assert found.reason == f"2 values of the {side} are not finite, the first at (0, 1, 0, 0)"


def test_nan_on_both_sides_is_no_agreement():
    nothing = blob([np.nan, 1])
    assert judge("y", nothing, nothing, Tolerance(1, 1)).status == "fail"


def test_noise_where_the_reference_is_zero_is_seen():
    random = np.random.default_rng(0)
    reference = np.zeros((1, 2, 8, 8), np.float32)
    reference[:, :, :4] = 60 * random.standard_normal((1, 2, 4, 8))
    candidate = reference.copy()
    candidate[:, :, 4:] += random.normal(0, 5, (1, 2, 4, 8)).astype(np.float32)
    found = judge("y", reference, candidate, default_tolerance("f32"))
    assert found.status == "fail"
    assert found.worst_index is not None
    assert found.worst_index[2] >= 4
    assert found.max_rel is not None
    assert found.max_rel > 0.01


def test_a_channel_of_zeros_allows_only_atol():
    found = judge("y", blob([0, 0], [9, 9]), blob([0, 0.4], [9, 9]), LOOSE)
    assert found.status == "pass"
    assert found.max_rel is None
    assert found.smallest_passing_rtol == 0
    found = judge("y", blob([0, 0], [9, 9]), blob([0, 0.6], [9, 9]), LOOSE)
    assert found.status == "fail"
    assert found.smallest_passing_rtol is None
    assert found.smallest_passing_atol == pytest.approx(0.6)


def test_one_wrong_pixel_in_a_large_map():
    y, x = np.mgrid[0:56, 0:56]
    reference = np.stack([60 * np.sin(y / 9), 60 * np.cos(x / 7)])[None].astype(np.float32)
    candidate = reference.copy()
    candidate[0, 1, 17, 33] += 30
    found = judge("y", reference, candidate, default_tolerance("bf16"))
    assert found.status == "fail"
    assert found.worst_index == (0, 1, 17, 33)
    assert found.max_abs == pytest.approx(30, abs=1e-5)
    assert found.cosine is not None
    assert found.cosine > 0.999  # which is why cosine does not decide
    assert found.reason is not None
    assert found.reason.startswith("1 of 6272 values")


def test_a_wrong_scale_fails_though_its_cosine_is_one():
    reference = np.random.default_rng(1).normal(0, 30, (1, 2, 9, 9))
    found = judge("y", reference, reference * 1.06, default_tolerance("f16"))
    assert found.status == "fail"
    assert found.cosine == pytest.approx(1, abs=1e-12)
    assert found.max_rel == pytest.approx(0.06)


def test_shapes_are_not_broadcast_or_squeezed():
    reference = np.ones((1, 2, 3, 4), np.float32)
    for shape in [(1, 2, 4, 3), (2, 3, 4), (1, 2, 3, 1), (1, 2, 12)]:
        found = judge("y", reference, np.ones(shape, np.float32), LOOSE)
        assert found.status == "fail"
        assert found.reason == f"its shape is {shape}, the reference's is (1, 2, 3, 4)"
        assert found.max_abs is None


def test_kinds_of_elements_must_agree_and_widths_need_not():
    reference = np.ones((1, 2), np.float64)
    assert judge("y", reference, reference.astype(np.float32), LOOSE).status == "pass"
    assert judge("y", reference, reference.astype(np.int64), LOOSE).status == "fail"
    assert judge("y", reference.astype(complex), reference.astype(complex), LOOSE).status == "fail"
    assert judge("y", np.array([[1, 2]]), np.array([[1, 3]]), Tolerance(0, 0.9)).status == "fail"


def test_nothing_compared_is_no_pass():
    found = judge("y", np.zeros((1, 0)), np.zeros((1, 0)), LOOSE)
    assert found.status == "fail"
    assert found.reason == "it has no elements, so nothing was compared"


def test_statistics_are_in_float64():
    candidate = np.full((1, 1, 1500, 1500), 0.1, np.float32)
    found = judge("y", np.zeros_like(candidate), candidate, LOOSE)
    assert found.rmse == pytest.approx(float(np.float32(0.1)), rel=1e-12)


def test_differences_beyond_the_largest_double_stay_figures():
    found = judge("y", np.array([[1e308]]), np.array([[-1e308]]), LOOSE)
    assert found.status == "fail"
    assert found.max_abs is None
    assert "NaN" not in found.model_dump_json()
    assert json.loads(found.model_dump_json())["cosine"] == -1


@pytest.mark.parametrize("seed", range(40))
def test_the_smallest_passing_bounds_pass_and_less_does_not(seed: int):
    random = np.random.default_rng(seed)
    reference = random.normal(0, 10 ** random.uniform(-3, 3), (1, 3, 5, 5))
    candidate = reference + random.normal(0, 10 ** random.uniform(-6, 1), reference.shape)
    used = Tolerance(rtol=10 ** random.uniform(-6, -2), atol=10 ** random.uniform(-6, 0))
    first = judge("y", reference, candidate, used)
    rtol, atol = first.smallest_passing_rtol, first.smallest_passing_atol
    assert rtol is not None
    assert atol is not None
    assert judge("y", reference, candidate, Tolerance(rtol, used.atol)).status == "pass"
    assert judge("y", reference, candidate, Tolerance(used.rtol, atol)).status == "pass"
    if rtol > 0:
        assert judge("y", reference, candidate, Tolerance(rtol * (1 - 1e-9), used.atol)).status == "fail"
    if atol > 0:
        assert judge("y", reference, candidate, Tolerance(used.rtol, atol * (1 - 1e-9))).status == "fail"
    assert (first.status == "pass") == (rtol <= used.rtol) == (atol <= used.atol)


def test_a_vector_has_no_channels():
    assert judge("y", np.array([100.0, 0]), np.array([100.0, 5]), LOOSE).status == "pass"
