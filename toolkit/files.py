"""Opening files that a user named, with one error form for all that can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from toolkit.errors import BadInput, Where


@contextmanager
def opened(path: Path, what: str) -> Iterator[BinaryIO]:
    """Opens a file for reading.

    Args:
        path: As the user gave it.
        what: What it should be, for the message (``caffemodel``).

    Raises:
        BadInput: CTK501 when it does not exist, is a folder or no regular file, or cannot be read.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        if path.exists() and not path.is_file():
            raise OSError(22, "it is not a regular file")
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput("CTK501", f"the {what} cannot be read: {reason}", Where(file=str(path))) from error
    with file:
        yield file


def read_bounded(path: Path, what: str, most_bytes: int) -> bytes:
    """The whole content of a file of at most ``most_bytes``.

    Raises:
        BadInput: CTK501 as `opened`; CTK502 when the file is larger.
    """
    with opened(path, what) as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise BadInput("CTK502", f"the {what} is larger than {most_bytes} bytes", Where(file=str(path)))
    return data
