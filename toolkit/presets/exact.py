"""The preset `exact`: the reference that every faster implementation is held against (DESIGN §5).

Lab of the full-size picture by the CIE formulas, the L plane to the network's size and the ab planes back
by half-pixel bilinear without antialiasing, the full-size L kept; float64 throughout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolkit.colour.lab import lab_to_srgb, lightness
from toolkit.errors import BadInput, UsageFault
from toolkit.presets.bilinear import along, resize, taps
from toolkit.presets.preset import PreparedPicture

# L is worked on in blocks of rows of about so many pixels: some float64 copies of a whole large picture
# would not fit in memory, and a block stays in the processor's cache (2^15 measured best of 2^12 to 2^20).
_BLOCK_PIXELS = 1 << 15
# The network was trained on L - 50 (`data_l` of the released prototxt, colorize.py of the authors).
MEAN_L = 50.0


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

    def pre(self, rgb: NDArray[np.uint8]) -> PreparedPicture:
        """L at the network's size, minus 50 unless the mean is inside; see `Preset.pre`.

        Raises:
            UsageFault: CTK601 when `rgb` is not uint8 of H×W×3 with at least one pixel.
        """
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
            raise UsageFault("CTK601", f"a picture is uint8 of H×W×3, not {rgb.dtype} of shape {rgb.shape}")
        kept = np.empty(rgb.shape[:2])
        for rows in _row_blocks(*rgb.shape[:2]):
            kept[rows] = lightness(rgb[rows] / 255.0)
        small = resize(kept, *self.net_size) - (0.0 if self.mean_inside else MEAN_L)
        return PreparedPicture(input=small.astype(np.float32)[np.newaxis, np.newaxis], kept=kept)

    def post(self, ab: NDArray[np.float32], kept: NDArray[np.float64]) -> NDArray[np.uint8]:
        """The ab planes at full size, with the kept L, as sRGB; see `Preset.post`.

        Raises:
            BadInput: CTK508 when `ab` is not 1×2×h×w, CTK519 when it holds NaN or infinity.
        """
        planes = _checked_planes(ab)
        height, width = kept.shape
        wide = along(planes, taps(planes.shape[2], width), axis=2)
        rgb = np.empty((height, width, 3), np.uint8)
        for rows in _row_blocks(height, width):
            a, b = along(wide, taps(planes.shape[1], height, rows.start, rows.stop), axis=1)
            fractions = lab_to_srgb(np.stack([kept[rows], a, b], axis=-1))
            rgb[rows] = np.rint(np.clip(fractions, 0, 1) * 255)
        return rgb


def _checked_planes(ab: NDArray[np.float32]) -> NDArray[np.float64]:
    if ab.ndim != 4 or ab.shape[:2] != (1, 2) or ab.size == 0:
        raise BadInput(
            "CTK508",
            f"the network's output must be 1×2×h×w (a and b), but its shape is {ab.shape}",
            notes=["a picture needs the head `ab`"],
        )
    if not np.isfinite(ab).all():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(ab))[0])
        raise BadInput(
            "CTK519",
            f"the network's output is not finite: {np.count_nonzero(~np.isfinite(ab))} values, first at {first}",
            notes=["the weights are damaged, or the precision is too narrow for this network"],
        )
    planes: NDArray[np.float64] = ab[0].astype(np.float64)
    return planes


def _row_blocks(height: int, width: int) -> Iterator[slice]:
    step = max(1, _BLOCK_PIXELS // width)
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))
