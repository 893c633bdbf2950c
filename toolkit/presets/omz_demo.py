"""The preset `omz-demo` (D of science.md §7): the demo of the Open Model Zoo, as it was until October 2020.

Source: openvinotoolkit/open_model_zoo, demos/python_demos/colorization_demo/colorization_demo.py (2019). The
picture loses its colours first, by ``cv2.COLOR_BGR2GRAY``, and L is that of the 8-bit grey: up to 14 from the L
of the colours. The network has the 50 inside and ends with the probabilities, which are decoded here.

The demo shows the coloured picture as a quarter of a window; here the coloured picture at its own size is the
product, and `OmzDemo.mosaic` makes the window. It reads with ``cv2.VideoCapture``; a picture file is read here
as ``cv2.imread`` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from toolkit.colour.coefficients import coefficients
from toolkit.presets.checks import checked_output, network_input, refuse_no_picture
from toolkit.presets.opencv_picture import OpenCvPicture
from toolkit.presets.preset import Head, Mean, PreparedPicture

_TILE = (640, 480)
_LABELS = ("Original", "Grayscale", "LAB interpetation", "Colorize")  # spelt as in the demo


@dataclass(frozen=True, slots=True)
class OmzKept:
    """What the demo keeps of a frame.

    Attributes:
        frame: The decoded picture, uint8, H×W×3, B G R.
        grey: Its 8-bit grey in three equal planes, uint8, H×W×3.
        light: L of the grey, float32, H×W, [0, 100].
    """

    frame: NDArray[np.uint8]
    grey: NDArray[np.uint8]
    light: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class OmzDemo(OpenCvPicture):
    """The preset `omz-demo`: for a network with the 50 inside that ends with probabilities."""

    name: ClassVar[str] = "omz-demo"
    head: ClassVar[Head] = "bins"
    mean: ClassVar[Mean] = "inside"

    def pre(self, picture: NDArray[np.uint8]) -> PreparedPicture:
        """L of the 8-bit grey at the network's size, the 50 still in it; keeps `OmzKept`."""
        refuse_no_picture(picture)
        cv2 = self.opencv()
        grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2RGB)
        lab = cv2.cvtColor(grey.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
        small = cv2.resize(lab, self.columns_rows())[:, :, 0]
        return PreparedPicture(input=network_input(small), kept=OmzKept(picture, grey, lab[:, :, 0]))

    def post(self, output: NDArray[np.float32], kept: OmzKept) -> NDArray[np.uint8]:
        """The probabilities as ab, at full size with the grey's L, clip, × 255, cut: uint8, B G R."""
        cv2 = self.opencv()
        return (_bgr(cv2, self._lab(cv2, output, kept)) * 255).astype(np.uint8)

    def mosaic(self, output: NDArray[np.float32], kept: OmzKept) -> NDArray[np.uint8]:
        """The demo's window, uint8, 960×1280×3, B G R: original, grey, Lab and coloured, each 640×480 with a label.

        The coloured picture is resized as floating point, before samples are cut to 8 bits; negative a and b
        come out modulo 256, as they do where the demo casts them on an x86 processor.
        """
        cv2 = self.opencv()
        lab = self._lab(cv2, output, kept)
        tiles = (
            cv2.resize(kept.frame, _TILE),
            cv2.resize(kept.grey, _TILE),
            cv2.resize(lab, _TILE).astype(np.int32).astype(np.uint8),
            (cv2.resize(_bgr(cv2, lab), _TILE) * 255).astype(np.uint8),
        )
        upper_left, upper_right, lower_left, lower_right = (
            cv2.putText(tile, text, (25, 50), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 255), 2, cv2.LINE_AA)
            for tile, text in zip(tiles, _LABELS, strict=True)
        )
        rows = [cv2.hconcat([upper_left, upper_right]), cv2.hconcat([lower_left, lower_right])]
        window: NDArray[np.uint8] = cv2.vconcat(rows)
        return window

    def _lab(self, cv2: Any, output: NDArray[np.float32], kept: OmzKept) -> NDArray[np.float32]:
        bins = checked_output(output, self.head)
        points = coefficients().astype(np.float32).transpose()[:, :, np.newaxis, np.newaxis]
        ab = (bins[np.newaxis] * points).sum(1).transpose(1, 2, 0)
        wide = cv2.resize(ab, kept.light.shape[::-1])
        return np.concatenate((kept.light[:, :, np.newaxis], wide), axis=2)


def _bgr(cv2: Any, lab: NDArray[np.float32]) -> NDArray[np.float32]:
    clipped: NDArray[np.float32] = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR), 0, 1)
    return clipped
