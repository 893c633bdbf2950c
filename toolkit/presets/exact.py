"""The preset `exact`: the reference that every faster implementation is held against (DESIGN §5).

Lab of the full-size picture by the CIE formulas, the L plane to the network's size and the ab planes back
by half-pixel bilinear without antialiasing, the full-size L kept; float64 throughout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolkit import pictures
from toolkit.colour.lab import lab_to_srgb, lightness
from toolkit.presets.bilinear import along, resize, taps
from toolkit.presets.checks import checked_output, network_input, refuse_no_picture
from toolkit.presets.preset import MEAN_L, Head, Mean, PreparedPicture

# L is worked on in blocks of rows of about so many pixels: some float64 copies of a whole large picture
# would not fit in memory, and a block stays in the processor's cache (2^15 measured best of 2^12 to 2^20).
_BLOCK_PIXELS = 1 << 15


@dataclass(frozen=True, slots=True)
class Exact:
    """The preset `exact`.

    Attributes:
        net_size: Height and width of the network's input.
        mean_inside: Whether the network subtracts 50 from L itself (``--mean inside``).
    """

    net_size: tuple[int, int] = (224, 224)
    mean_inside: bool = False

    @property
    def name(self) -> str:
        """``exact``."""
        return "exact"

    @property
    def head(self) -> Head:
        """``ab``."""
        return "ab"

    @property
    def mean(self) -> Mean:
        """Where the 50 is subtracted: the one preset for which it can be either."""
        return "inside" if self.mean_inside else "outside"

    def decode(self, data: bytes, file: str) -> NDArray[np.uint8]:
        """`toolkit.pictures.decode`: uint8, H×W×3, R G B."""
        return pictures.decode(data, file)

    def pre(self, picture: NDArray[np.uint8]) -> PreparedPicture:
        """L at the network's size, minus 50 unless the mean is inside; keeps the full-size L (float64).

        Raises:
            UsageFault: CTK601 when the picture is not uint8 of H×W×3 with at least one pixel.
        """
        refuse_no_picture(picture)
        kept = np.empty(picture.shape[:2])
        for rows in _row_blocks(*picture.shape[:2]):
            kept[rows] = lightness(picture[rows] / 255.0)
        small = resize(kept, *self.net_size) - (0.0 if self.mean_inside else MEAN_L)
        return PreparedPicture(input=network_input(small), kept=kept)

    def post(self, output: NDArray[np.float32], kept: NDArray[np.float64]) -> NDArray[np.uint8]:
        """The ab planes at full size, with the kept L, as sRGB: uint8, R G B; see `Preset.post`.

        Raises:
            BadInput: CTK508 when the output is not 1×2×h×w, CTK519 when it holds NaN or infinity.
        """
        planes = checked_output(output, self.head).astype(np.float64)
        height, width = kept.shape
        wide = along(planes, taps(planes.shape[2], width), axis=2)
        rgb = np.empty((height, width, 3), np.uint8)
        for rows in _row_blocks(height, width):
            a, b = along(wide, taps(planes.shape[1], height, rows.start, rows.stop), axis=1)
            fractions = lab_to_srgb(np.stack([kept[rows], a, b], axis=-1))
            rgb[rows] = np.rint(np.clip(fractions, 0, 1) * 255)
        return rgb

    def encode(self, picture: NDArray[np.uint8], suffix: str) -> bytes:
        """`toolkit.pictures.encode`."""
        return pictures.encode(picture, suffix)

    def to_rgb(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture itself."""
        return picture

    def from_rgb(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The samples themselves."""
        return rgb


def _row_blocks(height: int, width: int) -> Iterator[slice]:
    step = max(1, _BLOCK_PIXELS // width)
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))
