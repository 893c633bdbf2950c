"""What the presets made of OpenCV share: pictures as ``cv2.imread`` reads and ``cv2.imwrite`` writes them.

``cv2.imread`` with its default flags, and so the original programs: a grey or palette picture becomes three
planes, transparency is left out and the colour below it stays, 16 bits are cut to their upper 8 (those of a colour
TIFF become v / 257, rounded), and the picture is turned as its EXIF orientation says. ``cv2.imwrite`` makes JPEG of quality 95 with half the chroma
resolution, and rounds floating-point samples half to even into 0 to 255.

OpenCV is imported by the calls that need it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from toolkit.backends.runtime_import import runtime_module
from toolkit.pictures import format_for, opened_image, unreadable, unwritable
from toolkit.presets.preset import Mean

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class OpenCvPicture:
    """Decoding and encoding of a preset whose pictures are B G R.

    Attributes:
        net_size: Height and width of the network's input.
    """

    net_size: tuple[int, int] = (224, 224)

    name: ClassVar[str]
    mean: ClassVar[Mean] = "outside"
    # What a floating-point sample of a coloured picture counts to, in steps of 8 bits.
    full_scale: ClassVar[float] = 1.0

    def decode(self, data: bytes, file: str) -> Bytes:
        """``cv2.imread``: uint8, H×W×3, B G R; see `Preset.decode`."""
        cv2 = self.opencv()
        with opened_image(data, file):
            pass  # the format and the size are ones that ctk decodes
        with quiet(cv2):
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise unreadable(file, "OpenCV cannot decode it")
        bgr: Bytes = picture
        return bgr

    def encode(self, picture: NDArray[Any], suffix: str) -> bytes:
        """``cv2.imwrite``; see `Preset.encode`. Floating-point samples are brought to 0 to 255 first."""
        cv2, kind = self.opencv(), format_for(picture.shape, suffix)
        samples = self._to_255(picture)
        with quiet(cv2):
            written, data = cv2.imencode(suffix.lower(), samples)
        if not written:
            raise unwritable(picture.shape, kind, "OpenCV refuses it")
        return bytes(data)

    def to_rgb(self, picture: NDArray[Any]) -> Bytes:
        """As `Preset.to_rgb`: rounded half to even, as OpenCV does."""
        if picture.dtype != np.uint8:
            picture = np.rint(np.clip(self._to_255(picture), 0, 255)).astype(np.uint8)
        return np.ascontiguousarray(picture[..., ::-1])

    def from_rgb(self, rgb: Bytes) -> Bytes:
        """As `Preset.from_rgb`: the channels in the order B G R."""
        return np.ascontiguousarray(rgb[..., ::-1])

    def opencv(self) -> Any:
        """The module ``cv2``.

        Raises:
            EnvironmentFailed: CTK404 when it is missing or broken.
        """
        return runtime_module("cv2", f"the preset {self.name}")

    def _to_255(self, picture: NDArray[Any]) -> NDArray[Any]:
        if picture.dtype == np.uint8 or self.full_scale == 255:
            return picture
        return picture * np.float32(255 / self.full_scale)

    def columns_rows(self) -> tuple[int, int]:
        """The network's size in OpenCV's order: width, height."""
        return self.net_size[1], self.net_size[0]


@contextmanager
def quiet(cv2: Any) -> Iterator[None]:
    """Keeps OpenCV's readers and writers from printing: what they refuse becomes an error of ctk."""
    log = cv2.utils.logging
    before = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        log.setLogLevel(before)
