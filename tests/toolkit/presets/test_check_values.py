"""Every preset against the check values of science.md §7, and what they must be able to tell apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab

from toolkit.presets.omz_demo import OmzKept
from toolkit.presets.registry import preset_named

CHECKS = Path(__file__).parents[4] / "shared" / "reference" / "science_checks.json"
POINTS = ((0, 0), (0, 3), (3, 4), (6, 6))
# science.md §7, Input check: L handed to the net at POINTS, and its mean; the key in science_checks.json.
VALUES = {
    "caffe-release": ((-47.487, -19.315, 5.969, 1.704), -7.976, "A_caffe_constant", 0.01),
    "opencv-py": ((-45.679, -11.005, 5.841, 30.365), -2.417, "B_opencv_py4", 0.02),
    "omz-demo": ((4.041, 31.152, 54.358, 80.865), 44.508, "D_omz_demo", 0.02),
    "ascend-cpp": ((-45.679, -11.005, 5.853, 30.365), -2.433, "E_ascend_cpp", 0.02),
    "ascend-py": ((-45.679, -11.176, 6.231, 30.365), -2.100, "F_ascend_py", 0.02),
}
# science_checks.json, upsample: [[0, 10], [20, -40]] to 4×4, with ends aligned by cubic splines, or half-pixel.
CUBIC_ALIGNED = [[0, 2.5926, 7.4074, 10], [5.1852, 3.0727, -0.8505, -2.963],
                 [14.8148, 3.9643, -16.1866, -27.037], [20, 4.4444, -24.4444, -40]]  # fmt: skip
HALF_PIXEL = [[0, 2.5, 7.5, 10], [5, 3.125, -0.625, -2.5], [15, 4.375, -16.875, -27.5], [20, 5, -25, -40]]


def check_picture() -> np.ndarray:
    """The picture of science.md §7, Input check: uint8, 4×4, R G B."""
    y, x = np.mgrid[0:4, 0:4]
    return np.stack([16 + 60 * y, 16 + 60 * x, 40 * (x + y) % 256], axis=-1).astype(np.uint8)


def handed_to_the_net(name: str, rgb: np.ndarray) -> np.ndarray:
    preset = preset_named(name, net_size=(7, 7))
    prepared = preset.pre(preset.from_rgb(rgb)).input
    assert prepared.shape == (1, 1, 7, 7)
    assert prepared.dtype == np.float32
    assert prepared.flags.c_contiguous
    return prepared[0, 0]


@pytest.mark.parametrize("name", VALUES)
def test_the_input_check(name: str):
    points, mean, _, _ = VALUES[name]
    found = handed_to_the_net(name, check_picture())
    assert [found[at] for at in POINTS] == pytest.approx(points, abs=0.001)
    assert found.mean(dtype=np.float64) == pytest.approx(mean, abs=0.001)


@pytest.mark.skipif(not CHECKS.is_file(), reason="science_checks.json is not beside this checkout")
@pytest.mark.parametrize("name", VALUES)
def test_the_whole_input(name: str):
    _, _, key, tolerance = VALUES[name]
    checks = json.loads(CHECKS.read_text())["preprocess"]
    expected = np.array(checks["variants"][key]["full"])
    rgb = np.array(checks["rgb"], np.uint8)
    assert (rgb == check_picture()).all()
    assert handed_to_the_net(name, rgb) == pytest.approx(expected, abs=tolerance)


@pytest.mark.skipif(not CHECKS.is_file(), reason="science_checks.json is not beside this checkout")
@pytest.mark.parametrize(
    ("name", "key", "tolerance"),
    [("ascend-py", "L_opencv_float", 1e-4), ("opencv-py", "L_opencv_float", 1e-4),
     ("caffe-release", "L_skimage", 1e-3), ("omz-demo", "L_omz_gray", 1e-4)],
)  # fmt: skip
def test_the_lightness_that_is_kept(name: str, key: str, tolerance: float):
    preset = preset_named(name, net_size=(7, 7))
    kept = preset.pre(preset.from_rgb(check_picture())).kept
    light = kept.light if isinstance(kept, OmzKept) else kept
    expected = np.array(json.loads(CHECKS.read_text())["preprocess"][key])
    assert light == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("name", VALUES)
def test_exchanged_channels_are_no_rounding_error(name: str):
    rgb = check_picture()
    right = handed_to_the_net(name, rgb)
    wrong = handed_to_the_net(name, np.ascontiguousarray(rgb[..., ::-1]))
    assert np.abs(wrong - right).max() > 6


# Not omz-demo: its lightness is that of the grey (test_founding_programs.py).
@pytest.mark.parametrize("name", ["exact", "caffe-release", "opencv-py", "ascend-cpp", "ascend-py"])
def test_pure_colours_come_back_as_themselves(name: str):
    """R, G and B are not exchanged on the way in, on the way out, or between a and b."""
    rgb = np.zeros((6, 6, 3), np.uint8)
    rgb[:, :2, 0] = rgb[:, 2:4, 1] = rgb[:, 4:, 2] = 200
    preset = preset_named(name, net_size=(6, 6))
    ab = rgb2lab(rgb)[np.newaxis, ..., 1:].transpose(0, 3, 1, 2).astype(np.float32)
    found = preset.to_rgb(preset.post(ab, preset.pre(preset.from_rgb(rgb)).kept))
    assert np.abs(found.astype(int) - rgb).max() <= 3


def without_light(name: str, ab: np.ndarray) -> np.ndarray:
    """The coloured 4×4 picture for L = 50 everywhere and the given a (b = 0)."""
    preset = preset_named(name)
    grey = np.full((4, 4, 3), 119, np.uint8)  # L = 50.03
    output = np.stack([ab, np.zeros_like(ab)])[np.newaxis].astype(np.float32)
    kept: Any = preset.pre(preset.from_rgb(grey)).kept
    return preset.to_rgb(preset.post(output, kept))


@pytest.mark.parametrize(
    ("name", "expected", "other"),
    [("caffe-release", CUBIC_ALIGNED, HALF_PIXEL)]
    + [(name, HALF_PIXEL, CUBIC_ALIGNED) for name in ("exact", "ascend-py", "ascend-cpp", "opencv-py")],
)
def test_the_upsample_check(name: str, expected: list[list[float]], other: list[list[float]]):
    """Twice the published values, which is allowed as resampling is linear, seen through Lab."""
    found = without_light(name, np.array([[0.0, 20], [40, -80]]))

    def seen(a: list[list[float]]) -> np.ndarray:
        lab = np.stack([np.full((4, 4), 50.03), 2 * np.array(a), np.zeros((4, 4))], axis=-1)
        return lab2rgb(lab) * 255

    assert np.abs(found - seen(expected)).max() < 1.5
    assert np.abs(found - seen(other)).max() > 1.8
