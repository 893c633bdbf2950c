"""Sample pictures: built-in photographs, files that the user names, and variations of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.bench_document import BenchPicture
from toolkit.errors import BadInput, Where
from toolkit.files import read_bounded
from toolkit.hashing import sha256_bytes
from toolkit.messages import warn
from toolkit.pictures import decode, encode

NAMES = ("astronaut.png", "coffee.png", "chelsea.png")
DEFAULT_SIZE = (1024, 768)
_JPEG = (".jpg", ".jpeg")
_MOST_BYTES = 2**30
# Of all pictures of a run together: they are read, copied, and listed in the document.
MOST_PICTURES = 1000
MOST_TOGETHER_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture file: its name, and its bytes as they lie on disk."""

    name: str
    data: bytes


def samples() -> list[Sample]:
    """The photographs that scikit-image ships, so that nothing is downloaded, in the order of `NAMES`."""
    return [Sample(Path(name).stem, _shipped(name)) for name in NAMES]


def default_picture() -> Sample:
    """The built-in picture of `ctk bench`: the coffee cup as a JPEG file of 1024×768 (DESIGN §5)."""
    from PIL import Image

    large = Image.fromarray(decode(_shipped("coffee.png"), "coffee.png")).resize(
        DEFAULT_SIZE, Image.Resampling.BICUBIC
    )
    return Sample("coffee-1024x768.jpg", encode(np.asarray(large), ".jpg"))


def gathered(places: Sequence[Path]) -> tuple[list[Sample], list[BenchPicture]]:
    """The usable pictures among files and folders, and a line about every one.

    Args:
        places: Picture files, or folders whose files are taken in the order of their names; the built-in
            picture when there are none.

    Returns:
        The pictures that can be decoded, and all of them as a document lists them. Behind `MOST_PICTURES` or
        `MOST_TOGETHER_BYTES` the others are left out, with a warning, and listed as such.

    Raises:
        BadInput: CTK518 when a folder is empty or none can be decoded; that picture's own error for a single one.
    """
    if not places:
        picture = default_picture()
        return [picture], [_line(picture, DEFAULT_SIZE)]
    usable, lines, reasons = [], [], []
    room = _Room()
    for file in _files(places):
        if room.full:
            lines.append(room.left_out(file))
            continue
        try:
            found = Sample(file.name, read_bounded(file, "picture", _MOST_BYTES))
            height, width, _ = decode(found.data, str(file)).shape
        except BadInput as error:
            reasons.append(error)
            lines.append(_unusable(file, error))
            continue
        if not room.takes(found):
            lines.append(room.left_out(file))
            continue
        usable.append(found)
        lines.append(_line(found, (width, height)))
    if not usable:
        raise _none_usable(reasons)
    room.say()
    for reason in reasons:
        warn(f"a picture is skipped: {reason.headline}")
    return usable, lines


def suffix_of(name: str) -> str:
    """The format that a picture of this name is coloured into: JPEG stays JPEG, all others become PNG."""
    return ".jpg" if Path(name).suffix.lower() in _JPEG else ".png"


def variation(rgb: NDArray[np.uint8], suffix: str, generator: np.random.Generator) -> bytes:
    """Another picture of the same kind, so that nothing computed before can be used again.

    The picture is shifted around by whole pixels, and a third of it becomes darker: size, texture and
    colours, on which decoding and encoding time depend, stay what they were.

    Args:
        rgb: uint8, H×W×3.
        suffix: ``.jpg`` (quality 95) or ``.png``.
        generator: What draws the shift.
    """
    height, width, _ = rgb.shape
    shift = (int(generator.integers(height)), int(generator.integers(width)))
    moved = np.roll(rgb, shift, axis=(0, 1))
    moved[: height // 3 + 1] -= moved[: height // 3 + 1] >> int(generator.integers(3, 7))
    return encode(moved, suffix)


class _Room:
    """How many more pictures there is room for; the first one always has it."""

    def __init__(self) -> None:
        self.full = False
        self._count = 0
        self._size = 0
        self._left_out = 0

    def takes(self, picture: Sample) -> bool:
        self._size += len(picture.data)
        self._count += 1
        self.full = self._count > 1 and (self._count > MOST_PICTURES or self._size > MOST_TOGETHER_BYTES)
        return not self.full

    def left_out(self, file: Path) -> BenchPicture:
        self._left_out += 1
        reason = f"left out: {_most()} are the most"
        return BenchPicture(name=file.name, sha256=None, width=None, height=None, usable=False, reason=reason)

    def say(self) -> None:
        if self._left_out:
            warn(f"pictures are left out: {self._left_out}; {_most()} are the most")


def _most() -> str:
    return f"{MOST_PICTURES} pictures, or {MOST_TOGETHER_BYTES / 2**20:g} MiB of them,"


def _shipped(name: str) -> bytes:
    from importlib.util import find_spec

    found = find_spec("skimage")
    assert found is not None
    assert found.origin is not None
    return (Path(found.origin).parent / "data" / name).read_bytes()


def _files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        if not place.is_dir():
            yield place
            continue
        inside = sorted(file for file in place.iterdir() if file.is_file())
        if not inside:
            raise BadInput("CTK518", "the folder holds no picture", Where(file=str(place)))
        yield from inside


def _none_usable(reasons: Sequence[BadInput]) -> BadInput:
    if len(reasons) == 1:
        return reasons[0]
    shown = [reason.headline for reason in reasons[:5]]
    return BadInput("CTK518", f"none of {len(reasons)} pictures can be read", notes=shown)


def _line(picture: Sample, size: tuple[int, int]) -> BenchPicture:
    return BenchPicture(name=picture.name, sha256=sha256_bytes(picture.data), width=size[0], height=size[1])


def _unusable(file: Path, error: BadInput) -> BenchPicture:
    return BenchPicture(
        name=file.name, sha256=None, width=None, height=None, usable=False, reason=error.headline
    )
