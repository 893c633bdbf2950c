"""The network of one side: what blame asks of whatever executes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolkit.colour.coefficients import coefficients as released
from toolkit.presets.preset import Head, Mean

Floats: TypeAlias = NDArray[np.float32]
Run: TypeAlias = Callable[[Floats], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Network:
    """A network ready to run.

    Attributes:
        name: What executes it, for the conclusion, such as ``openvino bf16``.
        head: Where it ends: ``ab``, or ``bins``, whose probabilities become ab outside of it.
        mean: Where the 50 is subtracted from L.
        run: From L (float32, 1×1×h×w) to its output.
        probabilities: From L to the probabilities of the bins (1×313×h×w), for the head `ab`; for `bins`,
            `run` gives them. None where it does not; then the head cannot be swapped apart from the model.
        decode: From probabilities (float32, 1×313×h×w) to ab (1×2×h×w), for the head `ab`; for `bins` the
            released coefficients do that outside. None where it cannot be asked for that alone.
    """

    name: str
    head: Head
    mean: Mean
    run: Run
    probabilities: Run | None = None
    decode: Run | None = None

    def run_to(self, head: Head) -> Run | None:
        """What computes ab or the probabilities; None where it does not give them."""
        return self.run if head == self.head else self.probabilities if head == "bins" else None

    def decoding(self) -> Run | None:
        """What makes ab of probabilities; None where it cannot be asked for that alone."""
        return released_ab if self.head == "bins" and self.decode is None else self.decode


def released_ab(probabilities: NDArray[Any]) -> Floats:
    """What the released coefficients make of probabilities; see `ab_of`."""
    return ab_of(probabilities, released())


def ab_of(probabilities: NDArray[Any], coefficients: NDArray[Any]) -> Floats:
    """What `class8_ab` makes of probabilities: 1×313×h×w and (313, 2) to 1×2×h×w; summed in float64."""
    found: Floats = np.einsum("nbhw,bc->nchw", probabilities.astype(np.float64), coefficients).astype(
        np.float32
    )
    return found


def bins_giving(ab: NDArray[Any]) -> Floats:
    """An array of 1×313×h×w that the released coefficients turn into this ab, for a preset that wants bins.

    It holds no probabilities: the bins of (10, 0) and (0, 10) carry a tenth of a and b, all others 0.
    """
    bins = np.zeros((ab.shape[0], len(released()), *ab.shape[2:]), np.float32)
    for channel, point in enumerate(((10, 0), (0, 10))):
        place = int(np.flatnonzero((released() == point).all(axis=1))[0])
        bins[:, place] = ab[:, channel] / 10
    return bins
