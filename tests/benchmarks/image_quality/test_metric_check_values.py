"""Every metric against the values that science.md §8 records, and against plain formulas."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from check_pictures import GRADIENT, GRADIENT_CHANGED, TINY, TINY_CHANGED, noise
from skimage.color import lab2rgb, rgb2lab
from skimage.metrics import structural_similarity

from benchmarks.image_quality.ab_planes import ab_rmse
from benchmarks.image_quality.colourfulness import colourfulness
from benchmarks.image_quality.open_model_zoo import omz_psnr, omz_ssim
from benchmarks.image_quality.peak_signal import mean_square, psnr
from benchmarks.image_quality.structural_similarity import Window, ssim
from toolkit.errors import BadInput, UsageFault

DIGITS = 5e-10


def near(value: float):
    return pytest.approx(value, abs=DIGITS)


def grey_of_skimage(rgb: np.ndarray):
    """What was called grey when the values were recorded: skimage's Lab, a = b = 0, rounded."""
    lab = rgb2lab(rgb)
    return np.rint(lab2rgb(lab * [1, 0, 0]) * 255).astype(np.uint8)


def test_the_tiny_pictures():
    assert mean_square(TINY, TINY_CHANGED) == 101
    assert psnr(TINY, TINY_CHANGED) == near(28.0875898709)
    assert colourfulness(TINY) == near(238.5306584068)
    assert colourfulness(TINY_CHANGED) == near(219.7882801359)
    assert omz_psnr(TINY, TINY_CHANGED, border=0) == near(35.5853587414)
    assert omz_psnr(TINY, TINY_CHANGED, border=0, order="bgr") == near(35.9684353576)
    assert omz_ssim(TINY, TINY_CHANGED) == near(0.9951094512)


def test_the_gradients():
    assert mean_square(GRADIENT, GRADIENT_CHANGED) == near(18.6666666667)
    assert psnr(GRADIENT, GRADIENT_CHANGED) == near(35.4201358858)
    assert omz_psnr(GRADIENT, GRADIENT_CHANGED, border=0) == near(46.0416478556)
    assert omz_psnr(GRADIENT, GRADIENT_CHANGED) == near(46.2585138054)
    assert omz_ssim(GRADIENT, GRADIENT_CHANGED) == near(0.9980421681)
    assert colourfulness(GRADIENT) == near(104.3072384832)
    assert colourfulness(GRADIENT_CHANGED) == near(106.6007731431)


def test_both_conventions_of_ssim():
    assert ssim(GRADIENT, GRADIENT_CHANGED, "uniform") == near(0.9967023052)
    assert ssim(GRADIENT, GRADIENT_CHANGED, "gaussian") == near(0.9950935763)
    one, other = (rgb @ [0.299, 0.587, 0.114] for rgb in (GRADIENT, GRADIENT_CHANGED))
    assert ssim(one, other, "gaussian") == near(0.9978758637)


def test_a_grey_picture():
    grey = grey_of_skimage(GRADIENT)
    assert psnr(GRADIENT, grey) == near(14.1330932334)
    assert omz_psnr(GRADIENT, grey, border=0) == near(25.1361079992)
    assert omz_ssim(GRADIENT, grey) == near(0.6858169981)
    assert colourfulness(grey) == near(0.0903861537)


def test_the_blind_spot_of_the_zoos_psnr():
    one = np.full((9, 9, 3), (100, 150, 50), np.uint8)
    other = np.full((9, 9, 3), (100, 135, 127), np.uint8)
    assert omz_psnr(one, other) == near(80.8389043701)
    assert psnr(one, other) == near(15.0104412368)


@pytest.mark.parametrize("window", ["uniform", "gaussian"])
def test_ssim_of_a_large_picture_is_that_of_all_its_windows(window: Window, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("benchmarks.image_quality.structural_similarity._BLOCK_PIXELS", 500)
    one = noise(101, 37)
    other = (one // 2 + noise(101, 37, seed=1) // 2).astype(np.uint8)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    whole = structural_similarity(
        one, other, data_range=255, channel_axis=-1, **(options if window == "gaussian" else {"win_size": 7})
    )
    assert ssim(one, other, window) == pytest.approx(whole, abs=1e-12)
    assert whole < 0.9


def test_metrics_of_a_picture_of_many_blocks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("benchmarks.image_quality.picture_pairs._BLOCK_PIXELS", 100)
    one, other = noise(43, 31), noise(43, 31, seed=1)
    x, y = one.astype(float), other.astype(float)
    assert mean_square(one, other) == pytest.approx(((x - y) ** 2).mean(), rel=1e-12)
    luma = ((x - y)[4:-4, 4:-4] * [65.738, 129.057, 25.064]).sum(axis=-1) / 256 / 255
    assert omz_psnr(one, other) == pytest.approx(-10 * math.log10((luma**2).mean()), rel=1e-12)
    rg, yb = x[..., 0] - x[..., 1], (x[..., 0] + x[..., 1]) / 2 - x[..., 2]
    expected = math.hypot(rg.std(), yb.std()) + 0.3 * math.hypot(rg.mean(), yb.mean())
    assert colourfulness(one) == pytest.approx(expected, rel=1e-12)
    c1, c2, covariance = 6.5025, 58.5225, ((x - x.mean()) * (y - y.mean())).mean()
    alike = (2 * x.mean() * y.mean() + c1) * (2 * covariance + c2)
    expected = alike / ((x.mean() ** 2 + y.mean() ** 2 + c1) * (x.var() + y.var() + c2))
    assert omz_ssim(one, other) == pytest.approx(expected, rel=1e-10)


def test_equal_pictures():
    rgb = noise(12, 13)
    assert (mean_square(rgb, rgb), psnr(rgb, rgb), omz_psnr(rgb, rgb)) == (0, None, None)
    assert omz_ssim(rgb, rgb) == pytest.approx(1)
    assert ssim(rgb, rgb, "uniform") == ssim(rgb, rgb, "gaussian") == pytest.approx(1)


def test_every_grey_has_no_colourfulness():
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    assert colourfulness(grey) == 0


def test_pictures_smaller_than_a_window_or_than_the_border():
    assert ssim(TINY, TINY_CHANGED, "uniform") is None
    assert ssim(noise(10, 20), noise(10, 20, 1), "gaussian") is None
    assert ssim(noise(10, 20), noise(10, 20, 1), "uniform") is not None
    assert omz_psnr(noise(8, 20), noise(8, 20, 1)) is None
    assert omz_psnr(noise(9, 20), noise(9, 20, 1)) is not None


@pytest.mark.parametrize("metric", [mean_square, psnr, omz_psnr, omz_ssim])
def test_pictures_that_cannot_be_compared(metric: Callable[..., object]):
    with pytest.raises(BadInput, match="CTK508"):
        metric(noise(4, 5), noise(5, 4))
    with pytest.raises(UsageFault, match="CTK601"):
        metric(noise(4, 5).astype(float), noise(4, 5).astype(float))


def test_ssim_of_other_shapes_is_refused():
    with pytest.raises(BadInput, match="CTK508"):
        ssim(noise(14, 15), noise(15, 14), "uniform")


def test_ab_rmse_counts_both_planes():
    reference, candidate = np.zeros((1, 2, 2, 2), np.float32), np.zeros((1, 2, 2, 2), np.float32)
    candidate[0, 0, 0, 0], candidate[0, 1, 1, 1] = 3, 4
    assert ab_rmse(reference, candidate) == near(math.sqrt(25 / 8))


def test_ab_rmse_at_the_size_of_the_picture():
    # science.md §7, Upsample check, row 0 of half-pixel bilinear: 0, 2.5, 7.5, 10 (times what the rows weigh).
    planes = np.zeros((1, 2, 1, 2), np.float32)
    planes[0, :, 0] = [0, 10]
    row = np.array([0, 2.5, 7.5, 10])
    found = ab_rmse(np.zeros((1, 2, 1, 1), np.float32), planes, height=3, width=4)
    assert found == near(math.sqrt((row**2).mean()))


def test_ab_planes_that_are_none():
    with pytest.raises(BadInput, match="CTK508"):
        ab_rmse(np.zeros((1, 3, 2, 2)), np.zeros((1, 2, 2, 2)))
    with pytest.raises(BadInput, match="CTK519"):
        ab_rmse(np.zeros((1, 2, 2, 2)), np.full((1, 2, 2, 2), np.nan))
