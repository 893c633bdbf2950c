"""Pictures as panels of a drawing: brought to a size at which they are looked at, under a label."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from benchmarks.image_quality.picture_pairs import Doubles, Samples

LABEL_ROWS = 20
GAP = 8
_FONT_SIZE = 13
_LEAST_SIDE = 160  # a smaller panel has no room for its label


def scale_steps(shape: tuple[int, ...], most_side: int) -> tuple[int, int]:
    """By which whole numbers a picture (H×W×…) is divided and multiplied to be looked at; one of them is 1."""
    longest = max(shape[:2])
    return -(-longest // most_side), max(1, _LEAST_SIDE // longest)


def scaled_picture(rgb: Samples, most_side: int) -> Samples:
    """A picture with sides of at most that many pixels: means of squares of pixels, or pixels as squares."""
    from PIL import Image

    divided, times = scale_steps(rgb.shape, most_side)
    small = np.asarray(Image.fromarray(rgb).reduce(divided)) if divided > 1 else rgb
    return small.repeat(times, axis=0).repeat(times, axis=1)


def scaled_map(values: Doubles, most_side: int) -> Doubles:
    """As `scaled_picture` for a map of errors, but the largest of a square: one wrong pixel stays in sight."""
    divided, times = scale_steps(values.shape, most_side)
    for axis in (0, 1):
        values = np.maximum.reduceat(values, np.arange(0, values.shape[axis], divided), axis=axis)
    return values.repeat(times, axis=0).repeat(times, axis=1)


def labelled(rgb: Samples, label: str) -> Samples:
    """A panel under its label, on white, and no narrower than the label."""
    rows, columns, _ = rgb.shape
    panel = np.full((rows + LABEL_ROWS, max(columns, math.ceil(_font().getlength(label))), 3), 255, np.uint8)
    panel[LABEL_ROWS:, :columns] = rgb
    return written(panel, [(0, 2, label)])


def side_by_side(panels: list[Samples]) -> Samples:
    """Panels of any sizes from left to right, with gaps, on white."""
    height = max(panel.shape[0] for panel in panels) + 2 * GAP
    drawing = np.full((height, sum(panel.shape[1] + GAP for panel in panels) + GAP, 3), 255, np.uint8)
    left = GAP
    for panel in panels:
        rows, columns, _ = panel.shape
        drawing[GAP : GAP + rows, left : left + columns] = panel
        left += columns + GAP
    return drawing


def written(rgb: Samples, texts: list[tuple[int, int, str]]) -> Samples:
    """A picture with texts in black, each with its upper left corner at a column and a row."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(rgb)
    draw = ImageDraw.Draw(image)
    for column, row, text in texts:
        draw.text((column, row), text, fill=(0, 0, 0), font=_font())
    return np.asarray(image)


@cache
def _font() -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(_FONT_SIZE)
