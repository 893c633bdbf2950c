"""The pictures of a child process: all files have their turn, each keeps its format, memory stays bounded."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.harness import picture_source
from benchmarks.harness.own_format import own_format
from benchmarks.harness.picture_source import PictureSource

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg"}


def laid(folder: Path, count: int) -> list[Path]:
    """Files that their widths tell apart, JPEG and PNG by turns."""
    files = []
    for number in range(count):
        files.append(folder / f"{number:04}{'.jpg' if number % 2 else '.png'}")
        Image.fromarray(np.full((8, 16 + number, 3), 90, np.uint8)).save(files[-1])
    return files


def told(data: bytes) -> tuple[int, str]:
    with Image.open(io.BytesIO(data)) as image:
        return image.width - 16, SUFFIXES[image.format]


def test_blocks_one_behind_the_other_go_through_the_whole_folder(tmp_path: Path):
    files = laid(tmp_path, 23)
    seen = []
    for block in range(5):
        source = PictureSource(files, seed=4)  # each launch has its own process
        found = source.variations(block * 5, 5, np.random.default_rng(block))
        seen += [told(data) for data in found]
    assert {number for number, _ in seen} == set(range(23))
    assert all(suffix == (".jpg" if number % 2 else ".png") for number, suffix in seen)
    assert [number for number, _ in seen[:23]] != list(range(23)), "names often follow size"
    again = PictureSource(files, seed=4).variations(23, 2, np.random.default_rng(9))
    assert [told(data)[0] for data in again] == [number for number, _ in seen[:2]]


def test_files_are_decoded_when_they_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    decoded: list[str] = []
    real = picture_source.decode

    def decode(data: bytes, name: str) -> np.ndarray:
        decoded.append(name)
        return real(data, name)

    monkeypatch.setattr(picture_source, "decode", decode)
    files = laid(tmp_path, 9)
    source = PictureSource(files, seed=0)
    assert sorted(source.originals(2))[0] in {file.read_bytes() for file in files}
    assert decoded == []
    source.variations(3, 2, np.random.default_rng(0))
    assert len(decoded) == 2
    single = PictureSource(files[:1], seed=0)
    decoded.clear()
    assert len(set(single.variations(0, 6, np.random.default_rng(0)))) > 1
    assert decoded == ["0000.png"], "a single picture is decoded once"
    assert single.originals(3) == [files[0].read_bytes()] * 3


def test_a_block_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = laid(tmp_path, 4)
    monkeypatch.setattr(picture_source, "MOST_BLOCK_BYTES", 200)
    found = PictureSource(files, seed=1).variations(0, 1000, np.random.default_rng(1))
    assert 1 <= len(found) < 1000
    assert sum(map(len, found[:-1])) <= 200


def test_formats_are_told_by_content(tmp_path: Path):
    png, jpeg = (file.read_bytes() for file in laid(tmp_path, 2))
    assert (own_format(png), own_format(jpeg), own_format(b"")) == (".png", ".jpg", ".png")
