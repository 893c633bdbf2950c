"""The preset `exact` against a slow transcription, pixel by pixel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from toolkit.errors import BadInput, UsageFault
from toolkit.presets import exact
from toolkit.presets.exact import Exact
from toolkit.presets.registry import preset_named

ROWS = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)


def check_picture() -> np.ndarray:
    """The picture of science.md §7, Input check."""
    y, x = np.mgrid[0:4, 0:4]
    return np.stack([16 + 60 * y, 16 + 60 * x, 40 * (x + y) % 256], axis=-1).astype(np.uint8)


def slow_lightness(pixel: np.ndarray) -> float:
    linear = [
        s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in (int(v) / 255 for v in pixel)
    ]
    y = sum(k * c for k, c in zip(ROWS[1], linear, strict=True)) / sum(ROWS[1])
    return 116 * y ** (1 / 3) - 16 if y > 216 / 24389 else 24389 / 27 * y


def slow_bilinear(plane: Any, height: int, width: int, y: int, x: int) -> float:
    def tap(position: float, source: int, target: int) -> tuple[int, int, float]:
        place = min(max((position + 0.5) * source / target - 0.5, 0), source - 1)
        low = math.floor(place)
        return low, min(low + 1, source - 1), place - low

    y0, y1, v = tap(y, len(plane), height)
    x0, x1, u = tap(x, len(plane[0]), width)
    upper = plane[y0][x0] * (1 - u) + plane[y0][x1] * u
    return upper * (1 - v) + (plane[y1][x0] * (1 - u) + plane[y1][x1] * u) * v


def slow_srgb(light: float, a: float, b: float) -> list[float]:
    fy = (light + 16) / 116
    xyz = []
    for f, row in zip((fy + a / 500, fy, fy - b / 200), ROWS, strict=True):
        xyz.append((f**3 if f > 6 / 29 else (116 * f - 16) * 27 / 24389) * sum(row))
    linear = np.linalg.solve(np.array(ROWS), np.array(xyz))
    return [12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in linear]


def test_pre_of_the_check_picture():
    rgb = check_picture()
    light = [[slow_lightness(pixel) for pixel in row] for row in rgb]
    prepared = Exact(net_size=(7, 7)).pre(rgb)
    expected = [[slow_bilinear(light, 7, 7, y, x) - 50 for x in range(7)] for y in range(7)]
    assert prepared.kept == pytest.approx(np.array(light), abs=1e-11)
    assert prepared.input.shape == (1, 1, 7, 7)
    assert prepared.input.dtype == np.float32
    assert prepared.input.flags.c_contiguous
    assert prepared.input[0, 0] == pytest.approx(np.array(expected), rel=2e-7, abs=1e-6)
    # OpenCV's own table gives these at the corners and in the middle (science.md §7, C = F), within its error.
    for (y, x), value in {(0, 0): -45.679, (0, 3): -11.176, (3, 4): 6.231, (6, 6): 30.365}.items():
        assert prepared.input[0, 0, y, x] == pytest.approx(value, abs=0.26)


def test_mean_inside_hands_on_l_itself():
    rgb = check_picture()
    outside = preset_named("exact", net_size=(5, 6)).pre(rgb).input
    inside = preset_named("exact", net_size=(5, 6), mean_inside=True).pre(rgb).input
    assert inside - outside == pytest.approx(np.full((1, 1, 5, 6), 50.0), abs=1e-5)
    assert inside.min() > 0


def test_post_pixel_by_pixel():
    random = np.random.default_rng(7)
    ab = random.uniform(-40, 40, (1, 2, 3, 5)).astype(np.float32)
    kept = random.uniform(20, 80, (8, 9))
    found = Exact().post(ab, kept)
    assert found.shape == (8, 9, 3)
    assert found.dtype == np.uint8
    for y in range(8):
        for x in range(9):
            a, b = (slow_bilinear(ab[0, i].astype(float), 8, 9, y, x) for i in (0, 1))
            expected = [min(max(c, 0), 1) * 255 for c in slow_srgb(kept[y, x], a, b)]
            assert found[y, x] == pytest.approx(expected, abs=0.5 + 1e-7)


def test_its_own_colours_bring_the_picture_back():
    rgb = np.random.default_rng(8).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    from skimage.color import rgb2lab

    ab = rgb2lab(rgb)[..., 1:].transpose(2, 0, 1)[np.newaxis].astype(np.float32)
    assert (Exact().post(ab, Exact().pre(rgb).kept) == rgb).all()


def test_without_colour_it_is_the_grey_of_the_same_lightness():
    rgb = check_picture()
    prepared = Exact().pre(rgb)
    grey = Exact().post(np.zeros((1, 2, 56, 56), np.float32), prepared.kept)
    assert (np.ptp(grey.astype(int), axis=2) == 0).all()
    assert (Exact().pre(grey).kept - prepared.kept) == pytest.approx(np.zeros((4, 4)), abs=0.3)


def test_clips_instead_of_wrapping():
    extreme = Exact().post(np.full((1, 2, 2, 2), 500, np.float32), np.full((3, 3), 99.0))
    assert extreme[..., 0].min() == 255
    assert extreme[..., 2].max() == 0


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch):
    rgb = np.random.default_rng(9).integers(0, 256, (23, 31, 3), dtype=np.uint8)
    ab = np.random.default_rng(10).uniform(-60, 60, (1, 2, 56, 56)).astype(np.float32)
    whole = Exact().pre(rgb)
    picture = Exact().post(ab, whole.kept)
    monkeypatch.setattr(exact, "_BLOCK_PIXELS", 100)
    parts = Exact().pre(rgb)
    assert (parts.input == whole.input).all()
    assert (Exact().post(ab, whole.kept) == picture).all()


@pytest.mark.parametrize("shape", [(2, 56, 56), (1, 313, 4, 4), (2, 2, 4, 4), (1, 2, 0, 4)])
def test_refuses_other_outputs(shape: tuple[int, ...]):
    with pytest.raises(BadInput, match="CTK508"):
        Exact().post(np.zeros(shape, np.float32), np.zeros((3, 3)))


def test_refuses_an_output_that_is_not_finite():
    ab = np.zeros((1, 2, 4, 4), np.float32)
    ab[0, 1, 2, 3] = np.nan
    with pytest.raises(BadInput, match=r"CTK519 .*1 values, first at \(0, 1, 2, 3\)"):
        Exact().post(ab, np.zeros((3, 3)))


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)]
)
def test_refuses_what_is_no_picture(wrong: np.ndarray):
    with pytest.raises(UsageFault, match="CTK601"):
        Exact().pre(wrong)


def test_an_unknown_preset_suggests_the_nearest():
    with pytest.raises(UsageFault, match="CTK603") as caught:
        preset_named("exakt")
    assert caught.value.notes == ("did you mean 'exact'?",)
    assert preset_named("exact").name == "exact"
