"""The drawn comparison: what is in it, that no wrong pixel is lost, and its file in blobs/."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from check_pictures import GRADIENT, GRADIENT_CHANGED, noise
from PIL import Image
from skimage.color import rgb2lab

from benchmarks.image_quality.comparison import (
    PANEL_SIDE,
    comparison_png,
    error_map_png,
    save_comparison,
    save_png,
)
from benchmarks.image_quality.delta_e_map import delta_e_map
from benchmarks.image_quality.error_map import in_colours, scale_top
from benchmarks.image_quality.grey import grey_of
from benchmarks.image_quality.panels import GAP, LABEL_ROWS, scaled_map, scaled_picture
from toolkit.errors import EnvironmentFailed


def opened(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        return np.asarray(image)


def test_the_panels_lie_side_by_side():
    grey = grey_of(GRADIENT)
    drawn = opened(comparison_png(GRADIENT, GRADIENT_CHANGED, grey, delta_e_map(GRADIENT, GRADIENT_CHANGED)))
    side = 160  # ten times its 16 pixels, so that labels have room
    for place, rgb in enumerate((GRADIENT, GRADIENT_CHANGED, grey)):
        left = GAP + place * (side + GAP)
        panel = drawn[GAP + LABEL_ROWS : GAP + LABEL_ROWS + side, left : left + side]
        assert (panel == np.kron(rgb, np.ones((10, 10, 1), np.uint8))).all()
        label = drawn[GAP : GAP + LABEL_ROWS, left : left + side]
        assert (label < 100).any()
        assert (label == 255).mean() > 0.5
    assert drawn.shape[1] > 4 * (side + GAP)


def test_colours_of_the_map_rise_in_lightness():
    colours = in_colours(np.linspace(0, 4, 256)[np.newaxis], top=4.0)
    light = rgb2lab(colours)[0, :, 0]
    assert (np.diff(light) > 0).all()
    assert light[0] < 1
    assert light[-1] > 95


def test_beyond_the_scale_is_the_brightest_colour():
    found = in_colours(np.array([[5.0, 9.0]]), top=5.0)
    assert (found[0, 0] == found[0, 1]).all()


@pytest.mark.parametrize(
    ("largest", "top"),
    [(0.0, 1.0), (1.0, 1.0), (1.01, 2.0), (2.0, 2.0), (4.2, 5.0), (7.0, 10.0), (93, 100.0)],
)
def test_the_scale_ends_at_a_round_number(largest: float, top: float):
    assert scale_top(np.array([[0.0, largest]])) == top


def test_one_wrong_pixel_of_a_large_picture_stays_in_sight():
    differences = np.zeros((1001, 2003))
    differences[777, 1234] = 8
    small = scaled_map(differences, PANEL_SIDE)
    assert max(small.shape) <= PANEL_SIDE
    assert np.count_nonzero(small) == 1
    assert small.max() == 8
    assert small.shape == scaled_picture(np.zeros((1001, 2003, 3), np.uint8), PANEL_SIDE).shape[:2]


def test_a_large_picture_is_averaged():
    rgb = noise(PANEL_SIDE * 2, 30)
    small = scaled_picture(rgb, PANEL_SIDE)
    means = rgb.reshape(PANEL_SIDE, 2, 15, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - means).max() <= 0.5


def test_the_map_alone_has_its_scale():
    differences = delta_e_map(GRADIENT, grey_of(GRADIENT))
    drawn = opened(error_map_png(differences))
    top = scale_top(differences)
    bar = drawn[GAP + LABEL_ROWS : GAP + LABEL_ROWS + 160, GAP + 160 + GAP]
    assert (bar[0] == in_colours(np.array([[top]]), top)[0, 0]).all()
    assert (bar[-1] == in_colours(np.array([[0.0]]), top)[0, 0]).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_pictures_of_odd_sizes_are_drawn(size: tuple[int, int]):
    rgb, other = noise(*size), noise(*size, seed=1)
    found = opened(comparison_png(rgb, other, grey_of(rgb), delta_e_map(rgb, other)))
    assert found.shape[2] == 3


def test_files_bear_the_hash_of_their_content(tmp_path: Path):
    names = save_comparison(GRADIENT, GRADIENT_CHANGED, grey_of(GRADIENT), tmp_path)
    assert set(names) == {"side_by_side", "error_map"}
    for name in names.values():
        data = (tmp_path / "blobs" / name).read_bytes()
        assert name == hashlib.sha256(data).hexdigest() + ".png"
        assert opened(data).shape[2] == 3
    again = save_comparison(GRADIENT, GRADIENT_CHANGED, grey_of(GRADIENT), tmp_path)
    assert again == names
    assert len(list((tmp_path / "blobs").iterdir())) == 2


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "blobs").write_text("a file")
    with pytest.raises(EnvironmentFailed, match="CTK401"):
        save_png(b"data", tmp_path)
