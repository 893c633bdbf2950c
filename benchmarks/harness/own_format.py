"""The format that a picture came in, so that it leaves in the same one."""

from __future__ import annotations

_JPEG_MARK = b"\xff\xd8"  # SOI of ITU-T T.81


def own_format(data: bytes) -> str:
    """``.jpg`` for a JPEG file, ``.png`` for every other one.

    Args:
        data: A picture file.
    """
    return ".jpg" if data[:2] == _JPEG_MARK else ".png"


class OwnFormats:
    """Formats of the pictures in the pipeline: one item passes through all stages before the next one enters.

    Attributes:
        suffixes: Of the last item's pictures.
    """

    def __init__(self) -> None:
        self.suffixes: list[str] = []

    def seen(self, *files: bytes) -> None:
        """Notes the formats of an item."""
        self.suffixes = [own_format(data) for data in files]
