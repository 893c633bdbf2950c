"""The pictures for which science.md §8 records every metric."""

from __future__ import annotations

import numpy as np

TINY = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [128, 128, 128]]], np.uint8)
TINY_CHANGED = np.array([[[250, 10, 5], [10, 240, 10]], [[10, 10, 240], [120, 130, 140]]], np.uint8)

_y, _x = np.mgrid[0:16, 0:16]
GRADIENT = np.stack([16 * _x, 16 * _y, 8 * (_x + _y)], axis=-1).astype(np.uint8)
GRADIENT_CHANGED = (
    np.stack([16 * _x + 8 * ((_x + _y) % 2), 16 * _y - 4, 8 * (_x + _y) + 3], axis=-1)
    .clip(0, 255)
    .astype(np.uint8)
)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture of random samples."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
