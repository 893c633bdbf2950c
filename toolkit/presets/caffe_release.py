"""The preset `caffe-release` (A of science.md §7): ``colorize.py`` of the network's authors, 2016.

Source: richzhang/colorization, branch caffe, colorization/colorize.py, and ``caffe.io.load_image`` and
``caffe.io.resize_image``, which it calls. Two things there are easily missed: the picture is resized after its
darkest sample became 0 and its brightest 1, so that the zero border is the darkest sample; and a picture of
one value has no border. skimage's constants are today's; its computations were float64 then, and are here.

Where the original depended on its libraries, this is what those of 2016 did: 16-bit grey keeps its 16 bits,
transparency is left out, the EXIF orientation is ignored, and JPEG has quality 95 with half the chroma
resolution. The opaque alpha plane that matplotlib adds to a PNG is left out.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from toolkit import pictures
from toolkit.presets.checks import checked_output, network_input, refuse_no_picture
from toolkit.presets.preset import MEAN_L, Head, Mean, PreparedPicture

if TYPE_CHECKING:
    from PIL.Image import Image

# matplotlib.image.imsave of 2016: libpng's level, `savefig.jpeg_quality`, and Pillow's 4:2:0 (subsampling 2).
_WRITER_OPTIONS = {"PNG": {"compress_level": 6}, "JPEG": {"quality": 95, "subsampling": 2}}


@dataclass(frozen=True, slots=True)
class CaffeRelease:
    """The preset `caffe-release`: skimage's Lab, a border of zeros, cubic splines with the ends aligned.

    Attributes:
        net_size: Height and width of the network's input.
    """

    net_size: tuple[int, int] = (224, 224)

    name: ClassVar[str] = "caffe-release"
    head: ClassVar[Head] = "ab"
    mean: ClassVar[Mean] = "outside"

    def decode(self, data: bytes, file: str) -> NDArray[np.float32]:
        """``caffe.io.load_image``: float32, [0, 1], H×W×3, R G B; see `Preset.decode`."""
        with pictures.opened_image(data, file) as image:
            image.load()
            samples = _samples(image)
        if not ((samples >= 0) & (samples <= 1)).all():
            raise pictures.unreadable(file, "its grey samples count beyond full scale, so white is unknown")
        planes = samples.astype(np.float32)
        return np.tile(planes[..., np.newaxis], 3) if planes.ndim == 2 else np.ascontiguousarray(planes)

    def pre(self, picture: NDArray[np.float32]) -> PreparedPicture:
        """L of the resized RGB picture, minus 50; keeps the L of the full-size one (float64)."""
        from skimage.color import rgb2lab

        refuse_no_picture(picture, np.float32)
        kept = np.ascontiguousarray(rgb2lab(picture.astype(np.float64))[:, :, 0])
        small = rgb2lab(_resized(picture, self.net_size).astype(np.float64))[:, :, 0]
        return PreparedPicture(input=network_input(small - MEAN_L), kept=kept)

    def post(self, output: NDArray[np.float32], kept: NDArray[np.float64]) -> NDArray[np.uint8]:
        """The ab planes to full size by ``scipy.ndimage.zoom``, the kept L, clip, × 255, cut: uint8, R G B."""
        from scipy.ndimage import zoom
        from skimage.color import lab2rgb

        ab = checked_output(output, self.head).transpose(1, 2, 0)
        factors = (kept.shape[0] / ab.shape[0], kept.shape[1] / ab.shape[1], 1)
        lab = np.concatenate((kept[:, :, np.newaxis], zoom(ab, factors)), axis=2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # negative Z, which skimage sets to 0 (science.md §2.1)
            rgb = lab2rgb(lab)
        cut: NDArray[np.uint8] = (255 * np.clip(rgb, 0, 1)).astype(np.uint8)
        return cut

    def encode(self, picture: NDArray[np.uint8], suffix: str) -> bytes:
        """``matplotlib.pyplot.imsave``; see `Preset.encode`."""
        return pictures.encode(picture, suffix, _WRITER_OPTIONS)

    def to_rgb(self, picture: NDArray[Any]) -> NDArray[np.uint8]:
        """As `Preset.to_rgb`: a decoded picture is rounded, a coloured one is 8-bit R G B already."""
        if picture.dtype == np.uint8:
            return picture
        return np.rint(picture.astype(np.float64) * 255).astype(np.uint8)

    def from_rgb(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `Preset.from_rgb`: fractions of 255, float32."""
        return (rgb / 255.0).astype(np.float32)


def _samples(image: Image) -> NDArray[np.float64]:
    """``skimage.io.imread`` by Pillow and ``skimage.img_as_float``: H×W or H×W×3, float64, 1 is full scale."""
    if image.mode == "F":
        return np.asarray(image, np.float64)
    if image.mode.startswith("I"):
        return np.asarray(image, np.float64) / 65535
    grey = image.mode in {"1", "L"}
    return np.asarray(image.convert("L" if grey else "RGB"), np.float64) / 255


def _resized(picture: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """``caffe.io.resize_image`` with its order 1 and skimage's border and smoothing of 2016 (zeros, none)."""
    from skimage.transform import resize

    darkest, brightest = picture.min(), picture.max()
    if not brightest > darkest:
        return np.full((*size, 3), darkest, np.float32)
    scale = np.float64(brightest - darkest)
    stretched = (picture - darkest).astype(np.float64) / scale
    small: NDArray[np.float64] = resize(  # type: ignore[no-untyped-call]
        stretched, size, order=1, mode="constant", anti_aliasing=False
    )
    back: NDArray[np.float32] = (small * scale + darkest).astype(np.float32)
    return back
