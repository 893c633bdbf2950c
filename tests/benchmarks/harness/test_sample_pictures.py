"""Pictures that are measured: the built-in one, files of the user, and variations."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scripted_backend import small_picture

from benchmarks.harness import pictures
from benchmarks.harness.pictures import default_picture, gathered, samples, suffix_of, variation
from toolkit.errors import BadInput


def test_the_default_picture_is_a_jpeg_of_1024_by_768():
    with Image.open(io.BytesIO(default_picture().data)) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (1024, 768), "RGB")
        assert np.asarray(image).std() > 20
    _, lines = gathered([])
    assert [(line.name, line.width, line.height) for line in lines] == [("coffee-1024x768.jpg", 1024, 768)]


def test_the_built_in_pictures_are_those_of_scikit_image():
    import skimage

    for sample in samples():
        with Image.open(io.BytesIO(sample.data)) as image:
            assert (np.asarray(image) == getattr(skimage.data, sample.name)()).all()


def test_a_bad_picture_among_good_ones_is_skipped_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture):
    small_picture(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"\x89PNG and no more")
    small_picture(tmp_path / "c.jpg")
    usable, lines = gathered([tmp_path])
    assert [picture.name for picture in usable] == ["a.png", "c.jpg"]
    assert [(line.name, line.usable) for line in lines] == [
        ("a.png", True),
        ("b.png", False),
        ("c.jpg", True),
    ]
    assert "CTK518" in lines[1].reason
    assert (lines[0].width, lines[0].height) == (24, 16)
    assert capsys.readouterr().err.count("warning: a picture is skipped: CTK518") == 1


def test_no_usable_picture_is_bad_input(tmp_path: Path):
    with pytest.raises(BadInput, match=r"CTK518 the folder holds no picture"):
        gathered([tmp_path])
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"CTK518 none of 2 pictures can be read") as raised:
        gathered([tmp_path])
    assert len(raised.value.notes) == 2
    with pytest.raises(BadInput, match=r"CTK518 .*a\.png"):
        gathered([tmp_path / "a.png"])
    with pytest.raises(BadInput, match="CTK501"):
        gathered([tmp_path / "missing.png"])


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_variations_differ_and_keep_size_and_format(suffix: str):
    rgb = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
    kept = rgb.copy()
    generator = np.random.default_rng(2)
    found = [variation(rgb, suffix, generator) for _ in range(20)]
    assert len(set(found)) == 20
    assert (rgb == kept).all()
    with Image.open(io.BytesIO(found[0])) as image:
        assert image.size == (40, 30)
        assert image.format == {".png": "PNG", ".jpg": "JPEG"}[suffix]
        assert abs(np.asarray(image).astype(int).mean() - rgb.mean()) < 20


def test_jpeg_stays_jpeg():
    assert [suffix_of(name) for name in ("a.JPG", "b.jpeg", "c.png", "d.tiff")] == [
        ".jpg",
        ".jpg",
        ".png",
        ".png",
    ]


@pytest.mark.parametrize(("limit", "value"), [("MOST_PICTURES", 2), ("MOST_TOGETHER_BYTES", None)])
def test_more_pictures_than_there_is_room_for_are_left_out_and_listed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    limit: str,
    value: int | None,
):
    files = [small_picture(tmp_path / f"{name}.png") for name in "abcd"]
    size = files[0].stat().st_size
    monkeypatch.setattr(pictures, limit, value or 2 * size + 1)
    usable, lines = gathered([tmp_path])
    assert [picture.name for picture in usable] == ["a.png", "b.png"]
    assert [line.usable for line in lines] == [True, True, False, False]
    assert lines[3].reason is not None
    assert lines[3].reason.startswith("left out: ")
    assert capsys.readouterr().err.count("warning: pictures are left out: 2;") == 1


def test_a_single_large_picture_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "MOST_TOGETHER_BYTES", 1)
    usable, _ = gathered([small_picture(tmp_path / "a.png")])
    assert len(usable) == 1
