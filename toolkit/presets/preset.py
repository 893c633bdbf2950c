"""What a preset is: everything between the decoded picture and the network, and back.

Decoding and encoding are stages of their own (`toolkit.pictures`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PreparedPicture:
    """What preprocessing hands on.

    Attributes:
        input: float32, 1×1×h×w, contiguous: what the network reads.
        kept: float64, H×W: the full-size L plane, which postprocessing puts back.
    """

    input: NDArray[np.float32]
    kept: NDArray[np.float64]


class Preset(Protocol):
    """One named definition of pre- and postprocessing."""

    @property
    def name(self) -> str:
        """The word of DESIGN §5, such as ``exact``."""

    def pre(self, rgb: NDArray[np.uint8]) -> PreparedPicture:
        """Prepares a decoded picture (uint8, H×W×3, R G B) for the network."""

    def post(self, ab: NDArray[np.float32], kept: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Makes the coloured picture.

        Args:
            ab: The network's output, float32, 1×2×h×w (56×56 for the main model).
            kept: What `pre` kept, float64, H×W.

        Returns:
            uint8, H×W×3, R G B.

        Raises:
            BadInput: CTK508 when `ab` has another shape, CTK519 when it is not finite.
        """
