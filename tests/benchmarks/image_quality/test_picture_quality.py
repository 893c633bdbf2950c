"""The map of ΔE2000, the grey baseline, and what a report says about a picture."""

from __future__ import annotations

import numpy as np
import pytest
from check_pictures import GRADIENT, GRADIENT_CHANGED, TINY, TINY_CHANGED, noise
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab

from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.image_quality.delta_e_map import delta_e_map, summary
from benchmarks.image_quality.grey import (
    GreyError,
    grey_baseline,
    grey_error,
    grey_of,
    grey_output,
    grey_picture,
    reaches_grey,
)
from benchmarks.image_quality.quality import Coloured, quality
from toolkit.colour.coefficients import coefficients
from toolkit.errors import BadInput
from toolkit.presets.registry import preset_named

# skimage's Lab, in which the values of science.md §8 are, has other constants than the preset `exact`.
LAB_CONSTANTS = 2e-3


def test_the_map_of_the_tiny_pictures():
    found = delta_e_map(TINY, TINY_CHANGED)
    recorded = [[0.938971, 3.179039], [1.620983, 6.059258]]
    np.testing.assert_allclose(found, recorded, rtol=0, atol=LAB_CONSTANTS)


def test_the_maps_summary_is_that_of_the_whole_picture(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("benchmarks.image_quality.picture_pairs._BLOCK_PIXELS", 60)
    one, other = noise(23, 19), noise(23, 19, seed=1)
    other[3:9] = one[3:9]
    found = summary(delta_e_map(one, other))
    independent = deltaE_ciede2000(rgb2lab(one), rgb2lab(other))
    assert found.mean == pytest.approx(independent.mean(), abs=LAB_CONSTANTS)
    assert found.p95 == pytest.approx(np.percentile(independent, 95), abs=LAB_CONSTANTS)
    assert found.max == pytest.approx(independent.max(), abs=LAB_CONSTANTS)


def test_a_map_of_pictures_of_other_sizes_is_refused():
    with pytest.raises(BadInput, match="CTK508"):
        delta_e_map(noise(2, 3), noise(3, 2))


def test_grey_keeps_the_lightness_and_nothing_else():
    grey = grey_of(GRADIENT)
    assert (np.ptp(grey.astype(int), axis=-1) == 0).all()
    expected = lab2rgb(rgb2lab(GRADIENT) * [1, 0, 0]) * 255
    assert np.abs(grey - expected).max() < 0.6
    assert summary(delta_e_map(GRADIENT, grey)).mean == pytest.approx(19.8778475249, abs=LAB_CONSTANTS)


def test_the_output_that_means_grey():
    assert (grey_output(np.ones((1, 2, 3, 3))) == 0).all()
    bins = grey_output(np.full((1, 313, 2, 3), 1 / 313))
    assert bins.shape == (1, 313, 2, 3)
    assert (bins.sum(axis=1) == 1).all()
    assert (np.tensordot(coefficients().T, bins[0], axes=1) == 0).all()


@pytest.mark.parametrize("name", ["exact", "omz-demo", "ascend-py"])
def test_the_grey_picture_of_a_preset_has_no_colour(name: str):
    preset = preset_named(name, net_size=(8, 8))
    kept = preset.pre(preset.from_rgb(noise(20, 30))).kept
    channels = {"ab": 2, "bins": 313}[preset.head]
    grey = grey_picture(preset, np.ones((1, channels, 2, 2), np.float32), kept)
    assert grey.shape == (20, 30, 3)
    assert np.ptp(grey.astype(int), axis=-1).max() <= 1  # OpenCV's Lab of a grey is off by a step
    assert np.ptp(grey) > 100


def test_errors_of_grey():
    output = np.zeros((1, 2, 1, 2), np.float32)
    output[0, 0, 0] = [30, -40]
    found = grey_error(output)
    assert (found.output_max_abs, found.output_rmse) == (40, pytest.approx(25))
    assert (found.delta_e2000, found.colourfulness_reference) == (None, None)
    seen = grey_error(output, GRADIENT)
    assert seen.delta_e2000 is not None
    assert seen.delta_e2000.mean == pytest.approx(19.8778475249, abs=LAB_CONSTANTS)
    assert seen.colourfulness_reference == pytest.approx(104.3072384832)


def of_mean(mean: float) -> DeltaE2000:
    return DeltaE2000(mean=mean, p95=2 * mean, max=3 * mean)


def test_the_baseline_is_where_grey_comes_nearest():
    errors = [GreyError(40, 9, of_mean(7), 50), GreyError(30, 20, of_mean(12), 40), GreyError(35, 1)]
    found = grey_baseline(errors)
    assert found is not None
    assert (found.output_max_abs, found.delta_e2000, found.colourfulness_reference) == (30, of_mean(7), 40)
    assert grey_baseline([]) is None


@pytest.mark.parametrize(("mean", "expected"), [(7.9, False), (8.0, True), (30.0, True)])
def test_a_picture_as_far_as_grey(mean: float, expected: bool):
    assert reaches_grey(GreyError(40, 9, of_mean(8)), delta_e2000=of_mean(mean)) is expected


def test_a_picture_without_colours_tells_nothing():
    assert reaches_grey(GreyError(40, 9, of_mean(0.9)), delta_e2000=of_mean(0.95)) is None
    assert reaches_grey(GreyError(0, 0)) is None


def ab_map():
    y, x = np.mgrid[0:20, 0:20]
    return np.stack([60 * np.sin(x / 7), 50 * np.cos(y / 5)])[np.newaxis].astype(np.float32)


FAULTS = {
    "all grey": np.zeros_like,
    "doubled": lambda ab: 2 * ab,
    "negated": lambda ab: -ab,
    "one NaN": lambda ab: np.where(np.arange(400).reshape(20, 20) == 7, np.nan, ab),
    "another shape": lambda ab: ab[..., :-1],
    "huge": lambda ab: ab + np.float32(1e38),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_output_as_far_as_grey(fault: str):
    reference = ab_map()
    found = reaches_grey(
        grey_error(reference), reference_output=reference, candidate_output=FAULTS[fault](reference)
    )
    assert found is True


def test_outputs_nearer_than_grey():
    reference = ab_map()
    one_wrong = reference.copy()
    one_wrong[0, 0, 3, 3] += 150
    for candidate in (reference, reference * 1.06, reference.astype(np.float16), one_wrong):
        grey = grey_error(reference)
        assert reaches_grey(grey, reference_output=reference, candidate_output=candidate) is False


def test_an_output_of_zeros_cannot_be_told_from_grey():
    zeros = np.zeros((1, 2, 3, 3), np.float32)
    assert reaches_grey(grey_error(zeros), reference_output=zeros, candidate_output=zeros) is None


def test_all_figures_of_a_picture():
    ab = np.zeros((1, 2, 4, 4), np.float32)
    found = quality(
        "gradient", Coloured(GRADIENT, ab), Coloured(GRADIENT_CHANGED, ab + 2), pictures={"a": "b"}
    )
    assert found.input == "gradient"
    assert found.delta_e2000.mean == pytest.approx(2.6540952753, abs=LAB_CONSTANTS)
    assert found.psnr_db == pytest.approx(35.4201358858)
    assert (found.ssim, found.ssim_gaussian) == pytest.approx((0.9967023052, 0.9950935763))
    assert (found.omz_psnr_db, found.omz_ssim) == pytest.approx((46.2585138054, 0.9980421681))
    assert found.ab_rmse == pytest.approx(2)
    assert (found.colourfulness, found.colourfulness_reference) == pytest.approx(
        (106.6007731431, 104.3072384832)
    )
    assert found.pictures == {"a": "b"}


def test_a_picture_whose_network_gives_no_ab():
    found = quality("tiny", Coloured(TINY), Coloured(TINY))
    assert (found.ab_rmse, found.psnr_db, found.ssim, found.ssim_gaussian) == (None, None, None, None)
    assert found.delta_e2000.max == 0
