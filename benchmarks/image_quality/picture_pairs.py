"""Two pictures that are to be compared pixel by pixel, and the blocks of rows in which it is done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import BadInput
from toolkit.presets.checks import refuse_no_picture

Samples: TypeAlias = NDArray[np.uint8]
Doubles: TypeAlias = NDArray[np.float64]

# Float64 copies of a whole picture of 89 million pixels would not fit in memory (as in the preset `exact`).
_BLOCK_PIXELS = 1 << 16


def refuse_unequal_sizes(reference: Samples, candidate: Samples) -> None:
    """Checks that both are pictures (uint8, H×W×3, R G B) of one size.

    Raises:
        UsageFault: CTK601 when one of them is no such picture.
        BadInput: CTK508 when the sizes differ.
    """
    for picture in (reference, candidate):
        refuse_no_picture(picture)
    if reference.shape != candidate.shape:
        raise BadInput(
            "CTK508",
            f"pictures of {reference.shape} and {candidate.shape} cannot be compared pixel by pixel",
        )


def row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """All rows of a picture of that shape (H×W×…), in order, a block of some 65 thousand pixels at a time."""
    step = max(1, _BLOCK_PIXELS // max(1, shape[1]))
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))
