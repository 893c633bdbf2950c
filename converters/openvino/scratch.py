"""A folder for what is needed only while a conversion runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.errors import EnvironmentFailed


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """Makes a folder among the system's temporary ones, and removes it with all that is in it.

    Args:
        purpose: A word in its name.

    Raises:
        EnvironmentFailed: CTK401 when it cannot be made.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix=f"ctk-{purpose}-")
    except OSError as error:
        what = f"no temporary folder can be made: {error.strerror or error}"
        notes = ["free some space, or name another folder in the environment variable TMPDIR"]
        raise EnvironmentFailed("CTK401", what, notes=notes) from error
    with folder as name:
        yield Path(name)
