"""In which order the arms run: drawn anew for every round (benchmark_method.md §2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.harness.samples import WARMING

_ORDER = 0
_PICTURES = 1
_FILES = 2


def drawn_order(seed: int, launch: int, round_number: int, names: Sequence[str]) -> list[str]:
    """The names in a random order that the seed, the launch and the round fix."""
    generator = np.random.default_rng([_ORDER, seed, launch, round_number - WARMING])
    return [names[index] for index in generator.permutation(len(names))]


def picture_order(seed: int, count: int) -> list[int]:
    """In which order files are taken: names often follow size or content, and a launch must not seem to warm up by it.

    Args:
        seed: The same order for every arm and launch.
        count: How many files there are.
    """
    return [int(index) for index in np.random.default_rng([_FILES, seed]).permutation(count)]


def picture_generator(seed: int, launch: int, round_number: int) -> np.random.Generator:
    """What draws the pictures of a round: the same ones for every arm, other ones in every other round."""
    return np.random.default_rng([_PICTURES, seed, launch, round_number - WARMING])
