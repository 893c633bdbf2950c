"""The preset `ascend-cpp` (E of science.md §7): the Atlas 200 DK samples in C++.

Source: Ascend/samples, cplusplus/level2_simple_inference/6_other/colorization, ``ColorizeProcess::preprocess``
and ``postprocess``. It reads the file a second time in ``postprocess``; here the decoded picture is kept, and
its conversion to Lab stays where the original has it, in `AscendCpp.post`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from toolkit.presets.checks import checked_output, network_input, refuse_no_picture
from toolkit.presets.opencv_picture import OpenCvPicture
from toolkit.presets.preset import MEAN_L, Head, PreparedPicture

# `1.0 * mat / 255` of cv::Mat is one multiplication by this, in float32.
_SCALE = np.float32(1.0 / 255)


@dataclass(frozen=True, slots=True)
class AscendCpp(OpenCvPicture):
    """The preset `ascend-cpp`: the picture shrunk as 8-bit samples before anything else, imwrite's rounding."""

    name: ClassVar[str] = "ascend-cpp"
    head: ClassVar[Head] = "ab"
    full_scale: ClassVar[float] = 255.0

    def pre(self, picture: NDArray[np.uint8]) -> PreparedPicture:
        """L of the picture resized as uint8, minus 50; keeps the decoded picture itself."""
        refuse_no_picture(picture)
        cv2 = self.opencv()
        lab = _lab(cv2, cv2.resize(picture, self.columns_rows()))
        return PreparedPicture(input=network_input(cv2.split(lab)[0] - MEAN_L), kept=picture)

    def post(self, output: NDArray[np.float32], kept: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The a and b planes each to full size, with the full-size L: float32, 0 to 255, B G R, not rounded.

        Nothing is clipped here: OpenCV's own conversion and `encode` do it.
        """
        a, b = checked_output(output, self.head)
        cv2 = self.opencv()
        size = kept.shape[1::-1]
        light = cv2.split(_lab(cv2, kept))[0]
        lab = cv2.merge([light, cv2.resize(a, size), cv2.resize(b, size)])
        bgr: NDArray[np.float32] = cv2.cvtColor(lab, cv2.COLOR_Lab2BGR) * np.float32(255)
        return bgr


def _lab(cv2: Any, bgr: NDArray[np.uint8]) -> Any:
    return cv2.cvtColor(bgr.astype(np.float32) * _SCALE, cv2.COLOR_BGR2Lab)
