"""The stages `decode` and `encode`: bytes of a picture file to 8-bit RGB samples, and back."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit.content import HEAD_BYTES, describe, sniff
from toolkit.errors import BadInput, CtkError, UsageFault, Where
from toolkit.nearest import did_you_mean

if TYPE_CHECKING:
    from PIL.Image import Image

# Pillow's other readers are for formats that start programs (EPS) or that nobody photographs in.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
# A header of a hundred bytes can promise any size: more pixels than this are refused before they are decoded.
# It is where Pillow begins to warn, and 1 GB as 8-bit RGB beside its float64 L plane.
MAX_PIXELS = 89_478_485
_MOST_JPEG_PIXELS = 65_500  # a side; JPEG_MAX_DIMENSION of libjpeg
_WRITERS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
# PNG level 1 took a fifth of the time of level 6 for 12 % more bytes (a photograph of 1024×768, measured); JPEG
# at cv2.imwrite's quality, but without subsampling, which would halve the resolution of the very colours
# that were computed.
_WRITER_OPTIONS: dict[str, dict[str, int]] = {
    "PNG": {"compress_level": 1},
    "JPEG": {"quality": 95, "subsampling": 0},
}


def decode(data: bytes, file: str) -> NDArray[np.uint8]:
    """The picture in a file's bytes, turned as its EXIF orientation says.

    Grey and palette pictures become RGB. Transparency is left out and the colour below it stays, as
    ``cv2.imread`` has it. Samples of 16 bits become 8: grey by rounding v / 257, colour by its upper byte
    (Pillow's reader). Of several frames the first is taken.

    Args:
        data: The whole file (BMP, GIF, JPEG, PNG, PPM/PGM, TIFF or WebP).
        file: Its name, for messages.

    Returns:
        uint8, H×W×3, R G B, contiguous.

    Raises:
        BadInput: CTK518 when the bytes are no picture, are cut off or damaged, or hold more than
            `MAX_PIXELS` pixels.
    """
    with opened_image(data, file) as image:
        image.load()
        return _samples(_upright(image), file)


@contextmanager
def opened_image(data: bytes, file: str) -> Iterator[Image]:
    """Opens a picture file of a format and a size that ctk decodes; only its header is read so far.

    What Pillow raises inside the ``with`` block, where it decodes the samples, becomes CTK518 as well.

    Args:
        data: The whole file.
        file: Its name, for messages.

    Raises:
        BadInput: CTK518, as `decode`.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # all that matters of them is checked here
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                _refuse_huge(image.size, file)
                yield image
    except Image.DecompressionBombError as error:
        raise _too_large(file, str(error)) from error
    except UnidentifiedImageError as error:
        raise unreadable(file, _why_unidentified(data)) from error
    except (CtkError, MemoryError):
        raise
    except Exception as error:  # damaged files raise nearly anything from Pillow's readers
        raise unreadable(file, str(error) or type(error).__name__) from error


def encode(
    rgb: NDArray[np.uint8], suffix: str, options: Mapping[str, Mapping[str, int]] | None = None
) -> bytes:
    """A picture as the bytes of a file.

    Args:
        rgb: uint8, H×W×3, R G B.
        suffix: ``.png``, or ``.jpg`` or ``.jpeg`` (quality 95, no chroma subsampling); case does not matter.
        options: Pillow's options for ``PNG`` and ``JPEG`` instead of ctk's own.

    Raises:
        UsageFault: CTK601 for another suffix, or when the array is not such a picture.
        BadInput: CTK518 when the format cannot hold a picture of this size.
    """
    from PIL import Image

    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
        raise UsageFault("CTK601", f"a picture is uint8 of H×W×3, not {rgb.dtype} of shape {rgb.shape}")
    kind = format_for(rgb.shape, suffix)
    buffer = io.BytesIO()
    try:
        Image.fromarray(rgb).save(buffer, kind, **(options or _WRITER_OPTIONS)[kind])
    except OSError as error:
        raise unwritable(rgb.shape, kind, str(error)) from error
    return buffer.getvalue()


def format_for(shape: tuple[int, ...], suffix: str) -> str:
    """The format that a suffix asks for: ``PNG`` or ``JPEG``.

    Args:
        shape: Of the picture that is to be written, H×W×3.
        suffix: With its dot; case does not matter.

    Raises:
        UsageFault: CTK601 for a suffix of no format that ctk writes.
        BadInput: CTK518 when the format cannot hold a picture of this size.
    """
    if suffix.lower() not in _WRITERS:
        raise UsageFault(
            "CTK601", f"pictures cannot be written as {suffix!r}", notes=did_you_mean(suffix, _WRITERS)
        )
    kind = _WRITERS[suffix.lower()]
    if kind == "JPEG" and max(shape[:2]) > _MOST_JPEG_PIXELS:  # libjpeg would print its own word about it
        raise unwritable(shape, kind, "a side is too long")
    return kind


def unwritable(shape: tuple[int, ...], kind: str, why: str) -> BadInput:
    """The error for a picture of that shape (H×W×3) that a format cannot hold."""
    return BadInput(
        "CTK518",
        f"a picture of {shape[1]}×{shape[0]} cannot be written as {kind}: {why}",
        notes=[f"JPEG ends at {_MOST_JPEG_PIXELS} pixels a side; choose .png"],
    )


def unreadable(file: str, why: str) -> BadInput:
    """The error for a picture file that cannot be decoded."""
    return BadInput(
        "CTK518",
        f"the picture cannot be read: {why}",
        Where(file=file),
        ["the file may be damaged or cut off: fetch or export it again"],
    )


def _upright(image: Image) -> Image:
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF data in a sound picture: no orientation is known
        return image


def _samples(image: Image, file: str) -> NDArray[np.uint8]:
    if image.mode == "F" or image.mode.startswith("I"):
        grey = _eight_bit(np.asarray(image), file)
        return np.ascontiguousarray(np.broadcast_to(grey[..., np.newaxis], (*grey.shape, 3)))
    return np.array(image if image.mode == "RGB" else image.convert("RGB"), dtype=np.uint8)


def _eight_bit(wide: NDArray[np.generic], file: str) -> NDArray[np.uint8]:
    """Grey samples of 16 or 32 bits as 8: integers count to 65535, floating point to 1."""
    values = wide.astype(np.float64)
    full = 1.0 if wide.dtype.kind == "f" else 65535.0
    if not ((values >= 0) & (values <= full)).all():
        raise unreadable(file, f"its grey samples are not within 0 and {full:g}, so white is unknown")
    return np.rint(values * (255 / full)).astype(np.uint8)


def _refuse_huge(size: tuple[int, int], file: str) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise _too_large(file, f"{width}×{height} pixels")


def _too_large(file: str, size: str) -> BadInput:
    return BadInput(
        "CTK518",
        f"the picture is too large: {size}",
        Where(file=file),
        [f"at most {MAX_PIXELS} pixels are decoded; make it smaller first"],
    )


def _why_unidentified(data: bytes) -> str:
    kind = sniff(data[:HEAD_BYTES])
    # What starts like a picture is a damaged one, and nearly anything may start like a protobuf message.
    if kind not in {"unknown", "png", "jpeg", "onnx", "caffemodel"}:
        return f"it is {describe(kind)}"
    return "it is not a " + ", ".join(_FORMATS[:-1]) + f" or {_FORMATS[-1]} file"
