"""The picture files of a child process: read when a block needs them, so that a folder of any size fits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.pictures import suffix_of, variation
from benchmarks.harness.schedule import picture_order
from toolkit.pictures import decode

# Encoded pictures of one block; behind these they come round again.
MOST_BLOCK_BYTES = 2**30


class PictureSource:
    """Files in an order that the seed fixes, and variations of them.

    Args:
        files: Picture files that can be decoded, one at least.
        seed: Of the order.
    """

    def __init__(self, files: Sequence[Path], seed: int) -> None:
        self._files = [files[index] for index in picture_order(seed, len(files))]
        self._last: tuple[Path, NDArray[np.uint8]] | None = None

    def originals(self, count: int) -> list[bytes]:
        """The first files as they are, again from the start where there are fewer."""
        return [self._files[index % len(self._files)].read_bytes() for index in range(count)]

    def variations(self, first: int, count: int, generator: np.random.Generator) -> list[bytes]:
        """Pictures that nobody has seen before, each in the format of its file.

        Args:
            first: Number of the first one; behind the last file comes the first one again.
            count: How many; fewer are given where they would take more than `MOST_BLOCK_BYTES`, one at least.
            generator: Draws the variations.
        """
        found: list[bytes] = []
        size = 0
        for index in range(count):
            file = self._files[(first + index) % len(self._files)]
            found.append(variation(self._decoded(file), suffix_of(file.name), generator))
            size += len(found[-1])
            if size > MOST_BLOCK_BYTES:
                break
        return found

    def _decoded(self, file: Path) -> NDArray[np.uint8]:
        """Only the last one is kept: a single picture is decoded once, and many do not fill the memory."""
        if self._last is None or self._last[0] != file:
            self._last = (file, decode(file.read_bytes(), file.name))
        return self._last[1]
