"""The CIE formulas against published values, a slow transcription of them, and scikit-image."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from skimage.color import rgb2lab

from toolkit.colour import lab
from toolkit.errors import UsageFault

CHECKS = Path(__file__).resolve().parents[4] / "shared" / "reference" / "science_checks.json"

# science.md §2.2, column "Lab exact CIE", three digits.
TABLE = {
    (0, 0, 0): (0.000, 0.000, 0.000),
    (255, 255, 255): (100.000, 0.000, 0.000),
    (255, 0, 0): (53.241, 80.093, 67.203),
    (0, 255, 0): (87.735, -86.183, 83.179),
    (0, 0, 255): (32.297, 79.188, -107.860),
    (10, 10, 10): (2.742, 0.000, 0.000),
    (224, 172, 105): (73.788, 11.278, 41.532),
    (18, 52, 86): (21.042, 1.054, -24.101),
}


def cube(steps: int) -> np.ndarray:
    axis = np.linspace(0, 1, steps)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)


def slow_lab(r: float, g: float, b: float) -> tuple[float, float, float]:
    """One colour by the text of IEC 61966-2-1 and CIE 15, without arrays."""
    rows = [(4124564, 3575761, 1804375), (2126729, 7151522, 721750), (193339, 1191920, 9503041)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (r, g, b)]
    f = []
    for row in rows:
        t = sum(k * c for k, c in zip(row, linear, strict=True)) / sum(row)
        f.append(t ** (1 / 3) if t > Fraction(216, 24389) else (float(Fraction(24389, 27)) * t + 16) / 116)
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


@pytest.mark.parametrize(("rgb", "expected"), TABLE.items())
def test_colours_of_the_table(rgb: tuple[int, int, int], expected: tuple[float, float, float]):
    assert lab.srgb_to_lab(np.array(rgb) / 255) == pytest.approx(expected, abs=5.5e-4)


def test_white_is_the_sum_of_the_rows():
    # Added by hand from the 7-digit matrix.
    assert pytest.approx([0.95047, 1.0000001, 1.08883], abs=1e-12) == lab.WHITE
    assert lab.srgb_to_lab(np.ones(3)) == pytest.approx([100, 0, 0], abs=1e-12)


def test_greys_have_no_colour():
    greys = np.repeat(np.linspace(0, 1, 4097)[:, None], 3, axis=1)
    assert np.abs(lab.srgb_to_lab(greys)[:, 1:]).max() < 1e-12


@pytest.mark.skipif(not CHECKS.exists(), reason="../shared/reference is not here")
def test_recorded_check_colours():
    colours = json.loads(CHECKS.read_text())["colours"]
    assert len(colours) == 12
    for name, entry in colours.items():
        found = lab.srgb_to_lab(np.array(entry["rgb"]) / 255)
        assert found == pytest.approx(entry["lab_cie"], abs=1e-4), name


def test_agrees_with_the_slow_formula_on_both_branches():
    for rgb in [*product((0.0, 0.002, 0.04, 0.041, 0.2, 1.0), repeat=3), (0.04045, 0.04045, 0.04045)]:
        assert lab.srgb_to_lab(np.array(rgb)) == pytest.approx(slow_lab(*rgb), abs=1e-10)


def test_agrees_with_scikit_image_within_its_known_difference():
    colours = np.concatenate([cube(17).reshape(-1, 3), np.random.default_rng(3).random((20000, 3))])
    difference = np.abs(lab.srgb_to_lab(colours) - rgb2lab(colours[None])[0]).max(axis=0)
    assert (difference < [0.0014, 0.0039, 0.0050]).all()  # science.md §2.1: 0.0013, 0.0038, 0.0049
    assert difference[0] > 1e-5, "scikit-image has other constants; equality would mean that it was called"


def test_round_trip():
    colours = np.concatenate([cube(17).reshape(-1, 3), np.random.default_rng(4).random((20000, 3))])
    there_and_back = lab.lab_to_srgb(lab.srgb_to_lab(colours))
    # The two published switches of the sRGB curve, 0.04045 and 0.0031308, miss each other by 6e-7.
    assert np.abs(there_and_back - colours).max() < 1e-6
    away = np.abs(colours - 0.04045).min(axis=1) > 1e-4
    assert np.abs(there_and_back - colours)[away].max() < 1e-11


def test_colours_outside_the_gamut_are_not_clipped_and_come_back():
    wild = np.array([[50.0, 120.0, -90.0], [90.0, -100.0, 100.0], [5.0, -60.0, 60.0]])
    rgb = lab.lab_to_srgb(wild)
    assert np.isfinite(rgb).all()
    assert rgb.min() < 0
    assert rgb.max() > 1


def test_lightness_is_the_l_of_lab():
    colours = np.random.default_rng(5).random((7, 9, 3))
    assert lab.lightness(colours) == pytest.approx(lab.srgb_to_lab(colours)[..., 0], abs=1e-12)


def test_keeps_leading_axes():
    assert lab.srgb_to_lab(np.zeros((2, 3, 4, 3))).shape == (2, 3, 4, 3)
    assert lab.lab_to_srgb(np.zeros((2, 3, 4, 3))).shape == (2, 3, 4, 3)


@pytest.mark.parametrize("wrong", [np.zeros((4, 3), np.uint8), np.zeros((3, 4)), np.float64(1)])
def test_refuses_what_is_no_fraction_of_full_scale(wrong: np.ndarray):
    with pytest.raises(UsageFault, match="CTK601"):
        lab.srgb_to_lab(wrong)
