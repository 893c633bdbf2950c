"""What the presets make of unusual and damaged picture files, and where they cannot write."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from toolkit import pictures
from toolkit.errors import BadInput, EnvironmentFailed, UsageFault
from toolkit.presets.registry import PRESETS, preset_named

OPENCV = ("ascend-py", "ascend-cpp", "opencv-py", "omz-demo")


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(name: str, data: bytes) -> np.ndarray:
    """The picture as the preset decodes it, R G B, on a scale to 255."""
    picture = preset_named(name).decode(data, "p")
    return picture * 255.0 if picture.dtype == np.float32 else picture[..., ::-1].astype(float)


@pytest.mark.parametrize("name", [*OPENCV, "caffe-release"])
def test_grey_transparent_and_palette_pictures(name: str):
    grey = np.array([[0, 99, 255]], np.uint8)
    assert decoded(name, saved(Image.fromarray(grey)))[0].tolist() == [[0] * 3, [99] * 3, [255] * 3]
    rgba = np.array([[[200, 100, 50, 0], [1, 2, 3, 255]]], np.uint8)
    expected = np.array([[200, 100, 50], [1, 2, 3]])
    assert decoded(name, saved(Image.fromarray(rgba)))[0] == pytest.approx(expected, abs=1e-4)
    indexed = Image.new("P", (2, 1))
    indexed.putpalette([10, 20, 30, 40, 50, 60])
    indexed.putdata([1, 0])
    assert decoded(name, saved(indexed))[0] == pytest.approx(np.array([[40, 50, 60], [10, 20, 30]]), abs=1e-4)
    if name.startswith("caffe"):
        assert decoded(name, saved(Image.fromarray(grey > 98)))[0, :, 0].tolist() == [0, 255, 255]


def test_sixteen_bits_are_cut_by_opencv_and_kept_by_the_caffe_release():
    values = np.array([[0, 255, 256, 257 * 100 + 200, 65535]], np.uint16)
    data = saved(Image.fromarray(values))
    colour = bytes(cv2.imencode(".tiff", np.dstack([values] * 3))[1])
    for name in OPENCV:
        assert decoded(name, data)[0, :, 1].tolist() == [0, 0, 1, (257 * 100 + 200) >> 8, 255]
        assert decoded(name, colour)[0, :, 1].tolist() == [0, 1, 1, 101, 255]  # v / 257, rounded
    assert decoded("caffe-release", data)[0, :, 1] == pytest.approx(values[0] / 257, rel=1e-6)


def test_grey_beyond_full_scale_is_refused():
    plane = np.array([[0.0, 0.5, 3.0]], np.float32)
    with pytest.raises(BadInput, match=r"CTK518 .*white is unknown"):
        preset_named("caffe-release").decode(saved(Image.fromarray(plane), "TIFF"), "p")
    fractions = decoded("caffe-release", saved(Image.fromarray(plane / 3), "TIFF"))
    assert fractions[0, :, 2] == pytest.approx([0, 42.5, 255], rel=1e-6)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_opencv_turns_a_picture_by_its_exif_orientation_and_the_caffe_release_does_not(kind: str):
    exif = Image.Exif()
    exif[0x0112] = 6  # the stored top row is the right-hand column of the picture (EXIF 2.3 §4.6.4)
    stored = np.zeros((16, 32, 3), np.uint8)
    stored[:8] = 240
    data = saved(Image.fromarray(stored), kind, exif=exif)
    for name in (*OPENCV, "exact"):
        turned = preset_named(name).decode(data, "p")
        assert turned.shape == (32, 16, 3)
        assert turned[:, 12:].min() > 200
        assert turned[:, :4].max() < 40
    flat = decoded("caffe-release", data)
    assert flat.shape == (16, 32, 3)
    assert flat[:4].min() > 200


@pytest.mark.parametrize("name", PRESETS)
def test_damaged_files_are_refused_without_a_word_from_the_libraries(name: str, capfd: pytest.CaptureFixture):
    rgb = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    preset = preset_named(name)
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "PPM", "GIF"):
        whole = saved(Image.fromarray(rgb), kind)
        for fraction in (0.02, 0.5, 0.9):
            with pytest.raises(BadInput, match="CTK518") as caught:
                preset.decode(whole[: int(len(whole) * fraction)], "cut.bin")
            assert "cut.bin" in caught.value.headline
    for data in (b"", b"\n<!DOCTYPE html><html></html>", bytes(range(256))):
        with pytest.raises(BadInput, match="CTK518"):
            preset.decode(data, "p")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", PRESETS)
def test_a_huge_picture_is_refused_before_it_is_decoded(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 600)
    preset = preset_named(name)
    assert preset.decode(saved(Image.new("RGB", (30, 20))), "p").shape == (20, 30, 3)
    with pytest.raises(BadInput, match=r"CTK518 .*too large"):
        preset.decode(saved(Image.new("RGB", (31, 20))), "p")


@pytest.mark.parametrize("name", PRESETS)
def test_formats_that_cannot_be_written(name: str, capfd: pytest.CaptureFixture):
    preset = preset_named(name)
    coloured = np.zeros((1, 70_000, 3), np.uint8)
    with pytest.raises(UsageFault, match="CTK601") as caught:
        preset.encode(coloured, ".pnq")
    assert caught.value.notes == ("did you mean '.png'?",)
    with pytest.raises(BadInput, match=r"CTK518 .*70000×1 cannot be written as JPEG"):
        preset.encode(coloured, ".jpg")
    with Image.open(io.BytesIO(preset.encode(coloured, ".PNG"))) as image:
        assert image.size == (70_000, 1)
    assert capfd.readouterr() == ("", "")


def test_jpeg_of_opencv_is_what_imwrite_writes(tmp_path: Path):
    picture = cv2.GaussianBlur(
        np.random.default_rng(1).integers(0, 256, (40, 56, 3), dtype=np.uint8), (0, 0), 2
    )
    for suffix in (".jpg", ".png"):
        path = tmp_path / f"p{suffix}"
        cv2.imwrite(str(path), picture)
        assert preset_named("ascend-py").encode(picture, suffix) == path.read_bytes()
    cv2.imwrite(str(tmp_path / "q.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert preset_named("ascend-cpp").encode(picture, ".jpg") == (tmp_path / "q.jpg").read_bytes()


def test_jpeg_of_the_caffe_release_halves_the_chroma():
    with Image.open(
        io.BytesIO(preset_named("caffe-release").encode(np.zeros((16, 16, 3), np.uint8), ".jpg"))
    ) as image:
        assert [layer[1:3] for layer in image.layer] == [(2, 2), (1, 1), (1, 1)]


@pytest.mark.parametrize("name", OPENCV)
def test_opencv_missing(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    preset = preset_named(name)
    what = f"CTK404 the preset {name} needs cv2, which is not installed"
    with pytest.raises(EnvironmentFailed, match=what) as caught:
        preset.decode(saved(Image.new("RGB", (3, 2))), "p")
    assert caught.value.notes == ("install it: pip install 'opencv-python-headless>=4.10,<5'",)
    with pytest.raises(EnvironmentFailed, match="CTK404"):
        preset.pre(np.zeros((3, 4, 3), np.uint8))


def test_a_preset_by_name_imports_no_picture_library():
    code = (
        "import sys; from toolkit.presets.registry import PRESETS, preset_named;"
        "[preset_named(n) for n in PRESETS];"
        "print({'cv2', 'skimage', 'scipy', 'PIL', 'onnx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
