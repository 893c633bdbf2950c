"""What a preset is: everything between a picture file and the network, and back.

The steps are shared by bench, parity and colorize::

    picture = preset.decode(data, "cat.jpg")
    prepared = preset.pre(picture)
    output = session.run({"data_l": prepared.input})["class8_ab"]
    data = preset.encode(preset.post(output, prepared.kept), ".png")
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Head: TypeAlias = Literal["ab", "bins"]
Mean: TypeAlias = Literal["outside", "inside"]

# The network was trained on L - 50 (`data_l` of the released prototxt, colorize.py of the authors).
MEAN_L = 50.0


@dataclass(frozen=True, slots=True)
class PreparedPicture:
    """What preprocessing hands on.

    Attributes:
        input: float32, 1×1×h×w, contiguous: what the network reads.
        kept: What `Preset.post` needs of the picture; its kind is the preset's own business.
    """

    input: NDArray[np.float32]
    kept: Any


class Preset(Protocol):
    """One named definition of decoding, pre- and postprocessing, and encoding.

    A picture is an array of H×W×3. Its element type, range and order of channels are those of the original
    program, before and after the network; `to_rgb` and `from_rgb` are the way from one preset to another.
    """

    @property
    def name(self) -> str:
        """The word of DESIGN §5, such as ``exact``."""

    @property
    def head(self) -> Head:
        """What the network must end with: `post` reads its output."""

    @property
    def mean(self) -> Mean:
        """Where the 50 must be subtracted from L: ``inside`` the network, or ``outside``, by `pre`."""

    @property
    def net_size(self) -> tuple[int, int]:
        """Height and width of the network's input."""

    def decode(self, data: bytes, file: str) -> NDArray[Any]:
        """The picture in a file's bytes.

        Args:
            data: The whole file.
            file: Its name, for messages.

        Raises:
            BadInput: CTK518 when the bytes are no picture, are cut off or damaged, or hold too many pixels.
            EnvironmentFailed: CTK404 when a library is missing that the preset needs.
        """

    def pre(self, picture: NDArray[Any]) -> PreparedPicture:
        """Prepares a decoded picture for the network.

        Raises:
            UsageFault: CTK601 when the array is not what `decode` gives.
        """

    def post(self, output: NDArray[np.float32], kept: Any) -> NDArray[Any]:
        """Makes the coloured picture, H×W×3.

        Args:
            output: The network's output, float32: 1×2×h×w for the head `ab`, 1×313×h×w for `bins` (56×56 for
                the main model).
            kept: What `pre` kept.

        Raises:
            BadInput: CTK508 when the output has another shape, CTK519 when it is not finite.
        """

    def encode(self, picture: NDArray[Any], suffix: str) -> bytes:
        """A coloured picture as the bytes of a file.

        Args:
            picture: What `post` gave.
            suffix: ``.png``, ``.jpg`` or ``.jpeg``; case does not matter.

        Raises:
            UsageFault: CTK601 for another suffix.
            BadInput: CTK518 when the format cannot hold a picture of this size.
        """

    def to_rgb(self, picture: NDArray[Any]) -> NDArray[np.uint8]:
        """A decoded or coloured picture as uint8, R G B; of a coloured one, the samples that `encode` writes."""

    def from_rgb(self, rgb: NDArray[np.uint8]) -> NDArray[Any]:
        """What `decode` would have given for a lossless file of these samples (uint8, R G B)."""
