"""Decoding and encoding of picture files made here, by Pillow and byte by byte."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from toolkit import pictures
from toolkit.errors import BadInput, UsageFault
from toolkit.pictures import decode, encode


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture(height: int = 20, width: int = 30) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def smooth(height: int = 64, width: int = 48) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([3 * y, 5 * x, 2 * (x + y)], axis=-1).astype(np.uint8)


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes) -> bytes:
    """A PNG file put together by hand (ISO 15948)."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats(kind: str):
    rgb = picture()
    found = decode(saved(Image.fromarray(rgb), kind), "p")
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous
    assert found.flags.writeable
    assert (found == rgb).all()


def test_png_put_together_by_hand():
    rows = b"\0" + bytes([255, 0, 0, 0, 255, 0]) + b"\0" + bytes([0, 0, 255, 9, 8, 7])
    assert decode(png(2, 2, 8, 2, rows), "p").tolist() == [
        [[255, 0, 0], [0, 255, 0]],
        [[0, 0, 255], [9, 8, 7]],
    ]


def test_grey_becomes_three_equal_planes():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    found = decode(saved(Image.fromarray(grey), "PNG"), "p")
    assert (found == grey[..., None]).all()
    assert found.shape == (3, 4, 3)


def test_one_bit():
    assert decode(png(8, 1, 1, 0, b"\0\xa5"), "p")[0, :, 0].tolist() == [255, 0, 255, 0, 0, 255, 0, 255]


def test_palette():
    indexed = Image.new("P", (3, 1))
    indexed.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    indexed.putdata([2, 0, 1])
    expected = [[[70, 80, 90], [10, 20, 30], [40, 50, 60]]]
    assert decode(saved(indexed, "PNG"), "p").tolist() == expected
    assert decode(saved(indexed, "PNG", transparency=0), "p").tolist() == expected
    assert decode(saved(indexed, "GIF"), "p").tolist() == expected


def test_transparency_is_left_out_and_the_colour_stays():
    rows = b"\0" + bytes([200, 100, 50, 0, 1, 2, 3, 255])
    assert decode(png(2, 1, 8, 6, rows), "p").tolist() == [[[200, 100, 50], [1, 2, 3]]]
    assert decode(png(2, 1, 8, 4, b"\0" + bytes([77, 0, 9, 255])), "p").tolist() == [[[77] * 3, [9] * 3]]


def test_sixteen_bits():
    values = [0, 128, 129, 257 * 100, 65535]
    grey = decode(png(5, 1, 16, 0, b"\0" + struct.pack(">5H", *values)), "p")
    assert grey[0, :, 0].tolist() == [0, 0, 1, 100, 255]  # round(v / 257)
    assert (grey[..., 0] == grey[..., 2]).all()
    colour = decode(png(1, 1, 16, 2, b"\0" + struct.pack(">3H", 257 * 7, 257 * 99, 65535)), "p")
    assert colour.tolist() == [[[7, 99, 255]]]
    assert decode(b"P5 2 1 65535\n" + struct.pack(">2H", 257 * 3, 65535), "p")[0, :, 1].tolist() == [3, 255]


def test_floating_point_grey():
    plane = np.array([[0.0, 0.5, 1.0]], np.float32)
    assert decode(saved(Image.fromarray(plane), "TIFF"), "p")[0, :, 0].tolist() == [0, 128, 255]
    with pytest.raises(BadInput, match=r"CTK518 .*white is unknown"):
        decode(saved(Image.fromarray(plane * 3), "TIFF"), "p")


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        # EXIF 2.3 §4.6.4: where the 0th row and column of the stored samples [[1, 2, 3], [4, 5, 6]] are to be seen.
        (1, [[1, 2, 3], [4, 5, 6]]),
        (2, [[3, 2, 1], [6, 5, 4]]),
        (3, [[6, 5, 4], [3, 2, 1]]),
        (4, [[4, 5, 6], [1, 2, 3]]),
        (5, [[1, 4], [2, 5], [3, 6]]),
        (6, [[4, 1], [5, 2], [6, 3]]),
        (7, [[6, 3], [5, 2], [4, 1]]),
        (8, [[3, 6], [2, 5], [1, 4]]),
    ],
)
def test_exif_orientation(orientation: int, expected: list[list[int]]):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.array([[1, 2, 3], [4, 5, 6]], np.uint8))
    assert decode(saved(stored, "PNG", exif=exif), "p")[..., 0].tolist() == expected


def test_damaged_exif_does_not_lose_a_sound_picture():
    rgb = picture()
    data = saved(Image.fromarray(rgb), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xffgarbage")
    assert (decode(data, "p") == rgb).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM"])
@pytest.mark.parametrize("fraction", [0.02, 0.3, 0.6, 0.9])
def test_cut_off_files_are_refused(kind: str, fraction: float):
    whole = saved(Image.fromarray(picture(60, 80)), kind)
    with pytest.raises(BadInput, match="CTK518") as caught:
        decode(whole[: int(len(whole) * fraction)], "cut.bin")
    assert "cut.bin" in caught.value.headline
    assert "\n" not in caught.value.headline


def outcome(data: bytes) -> str:
    try:
        return "picture" if decode(data, "p").shape[2] == 3 else "other"
    except BadInput as error:
        return error.code


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM"])
def test_damaged_files_give_a_picture_or_the_error(kind: str):
    whole = bytearray(saved(Image.fromarray(smooth()), kind))
    random = np.random.default_rng(5)
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 4):
            damaged[place] = random.integers(256)
        outcomes.add(outcome(bytes(damaged)))
    assert outcomes <= {"picture", "CTK518"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"\n<!DOCTYPE html><html></html>", "HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"%PDF-1.7\n", "a file of kind pdf"),
        (bytes(range(256)), "it is not a BMP"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is not a BMP"),
    ],
)
def test_no_picture_at_all(data: bytes, why: str):
    with pytest.raises(BadInput, match=f"CTK518 .*{why}"):
        decode(data, "p.png")


@pytest.mark.parametrize(("width", "height"), [(100_000, 1_000), (2_000_000, 2_000_000)])
def test_a_small_file_that_promises_a_huge_picture(width: int, height: int):
    with pytest.raises(BadInput, match=r"CTK518 .*too large"):
        decode(png(width, height, 8, 2, b""), "bomb.png")


def test_the_bound_is_exact(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 600)
    assert decode(saved(Image.fromarray(picture(20, 30)), "PNG"), "p").shape == (20, 30, 3)
    with pytest.raises(BadInput, match="CTK518"):
        decode(saved(Image.fromarray(picture(20, 31)), "PNG"), "p")


def test_encoded_png_loses_nothing():
    rgb = picture()
    with Image.open(io.BytesIO(encode(rgb, ".PNG"))) as image:
        assert image.format == "PNG"
        assert (np.asarray(image) == rgb).all()


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG"])
def test_encoded_jpeg_is_close_and_its_colour_is_not_subsampled(suffix: str):
    rgb = smooth()
    with Image.open(io.BytesIO(encode(rgb, suffix))) as image:
        assert image.format == "JPEG"
        assert {layer[1:3] for layer in image.layer} == {(1, 1)}
        assert np.abs(np.asarray(image).astype(int) - rgb).mean() < 2


def test_formats_that_cannot_be_written():
    with pytest.raises(UsageFault, match="CTK601") as caught:
        encode(picture(), ".pnq")
    assert caught.value.notes == ("did you mean '.png'?",)
    with pytest.raises(UsageFault, match="CTK601"):
        encode(picture().astype(float), ".png")
    with pytest.raises(BadInput, match="CTK518"):
        encode(np.zeros((1, 70_000, 3), np.uint8), ".jpg")
