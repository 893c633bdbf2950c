"""The preset `opencv-py` (B of science.md §7): OpenCV 4's own sample in Python.

Source: opencv/opencv 4.x, samples/dnn/colorization.py. It shows floating-point samples in a window and
writes no file. Written here is what ``cv2.imshow`` puts on the screen: × 255, rounded half to even; the
window's size of 640×480 is left out. It reads with ``cv2.VideoCapture``; a picture file is read here as
``cv2.imread`` reads it.
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
class OpenCvPy(OpenCvPicture):
    """The preset `opencv-py`: RGB resized as floating point, and Lab of that."""

    name: ClassVar[str] = "opencv-py"
    head: ClassVar[Head] = "ab"

    def pre(self, picture: NDArray[np.uint8]) -> PreparedPicture:
        """L of the resized RGB picture, minus 50; keeps the L of the full-size one (float32)."""
        refuse_no_picture(picture)
        cv2 = self.opencv()
        rgb = (picture[:, :, [2, 1, 0]] * 1.0 / 255).astype(np.float32)
        kept = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)[:, :, 0]
        small = cv2.cvtColor(cv2.resize(rgb, self.columns_rows()), cv2.COLOR_RGB2Lab)[:, :, 0]
        return PreparedPicture(input=network_input(small - MEAN_L), kept=kept)

    def post(self, output: NDArray[np.float32], kept: NDArray[np.float32]) -> NDArray[np.float32]:
        """The ab planes together to full size, with the kept L, clipped: float32, [0, 1], B G R."""
        planes = checked_output(output, self.head)
        cv2 = self.opencv()
        ab = cv2.resize(planes.transpose(1, 2, 0), kept.shape[::-1])
        lab = np.concatenate((kept[:, :, np.newaxis], ab), axis=2)
        bgr: NDArray[np.float32] = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR), 0, 1)
        return bgr
