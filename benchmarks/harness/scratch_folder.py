"""A temporary folder of a measurement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from toolkit.errors import EnvironmentFailed


@contextmanager
def scratch_folder(what: str) -> Iterator[Path]:
    """A folder that is removed when the block ends.

    Args:
        what: What lies in it, a word of its name.

    Raises:
        EnvironmentFailed: CTK401 when there is no place for one.
    """
    try:
        folder = TemporaryDirectory(prefix=f"ctk-{what}-")
    except OSError as error:
        raise EnvironmentFailed(
            "CTK401",
            f"no temporary folder can be made: {error.strerror or error}",
            notes=["the environment variable TMPDIR names the folder for it"],
        ) from error
    with folder as name:
        yield Path(name)
