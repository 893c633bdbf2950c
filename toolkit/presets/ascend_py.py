"""The preset `ascend-py` (F of science.md §7): the Atlas 200 DK samples in Python, and the seed of ctk.

Source: Ascend/samples, python/level2_simple_inference/6_other/colorization_picture, ``preprocess`` and
``postprocess``. Its speed is the one that ctk's own pre- and postprocessing is measured against (DESIGN §6), so
nothing is left out that it computes: the whole Lab picture is resized, though only L is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from toolkit.presets.checks import checked_output, network_input, refuse_no_picture
from toolkit.presets.opencv_picture import OpenCvPicture
from toolkit.presets.preset import MEAN_L, Head, PreparedPicture


@dataclass(frozen=True, slots=True)
class AscendPy(OpenCvPicture):
    """The preset `ascend-py`: OpenCV's Lab of the full-size picture, bilinear, and samples cut, not rounded."""

    name: ClassVar[str] = "ascend-py"
    head: ClassVar[Head] = "ab"

    def pre(self, picture: NDArray[np.uint8]) -> PreparedPicture:
        """L of the full-size Lab picture at the network's size, minus 50; keeps the full-size L (float32)."""
        refuse_no_picture(picture)
        cv2 = self.opencv()
        lab = cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_BGR2Lab)
        kept = np.ascontiguousarray(lab[:, :, 0])
        small = np.ascontiguousarray(cv2.resize(lab, self.columns_rows())[:, :, 0]) - MEAN_L
        return PreparedPicture(input=network_input(small), kept=kept)

    def post(self, output: NDArray[np.float32], kept: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The ab planes together to full size, the kept L, clip to [0, 1], × 255, cut: uint8, B G R."""
        planes = checked_output(output, self.head)
        cv2 = self.opencv()
        ab = cv2.resize(planes.transpose(1, 2, 0), kept.shape[::-1])
        lab = np.concatenate((kept[:, :, np.newaxis], ab), axis=2)
        bgr: NDArray[np.float32] = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR), 0, 1)
        return (255 * bgr).astype(np.uint8)
