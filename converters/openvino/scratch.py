"""A folder for what is needed only while a conversion runs, and the end of those that killed processes left."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from toolkit.errors import EnvironmentFailed

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

Purpose = Literal["ir", "onnx"]
_PREFIXES = {"ir": "ctk-ir-", "onnx": "ctk-onnx-"}


@contextmanager
def scratch_folder(purpose: Purpose) -> Iterator[Path]:
    """Makes a folder among the system's temporary ones, and removes it with all that is in it.

    It is locked until then. The lock of a process ends with it, so that the next conversion knows, and
    removes, what a killed one left behind.

    Args:
        purpose: A word in its name.

    Raises:
        EnvironmentFailed: CTK401 when it cannot be made.
    """
    _remove_leftovers()
    try:
        folder, lock = _locked_folder(purpose)
    except OSError as error:
        what = f"no temporary folder can be made: {error.strerror or error}"
        notes = ["free some space, or name another folder in the environment variable TMPDIR"]
        raise EnvironmentFailed("CTK401", what, notes=notes) from error
    try:
        with folder as name:
            yield Path(name)
    finally:
        os.close(lock)


def _locked_folder(purpose: Purpose) -> tuple[tempfile.TemporaryDirectory[str], int]:
    while True:
        folder = tempfile.TemporaryDirectory(prefix=_PREFIXES[purpose])
        # Before it was locked, another process may have taken it for a leftover.
        with suppress(FileNotFoundError):
            lock = os.open(folder.name, os.O_RDONLY)
            with suppress(OSError):  # where files cannot be locked, leftovers stay as well
                _lock(lock, wait=True)
            if Path(folder.name).is_dir():
                return folder, lock
            os.close(lock)
        folder.cleanup()


def _remove_leftovers() -> None:
    for prefix in _PREFIXES.values() if fcntl is not None else ():
        with suppress(OSError):
            for leftover in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
                _remove_unless_locked(leftover)


def _remove_unless_locked(folder: Path) -> None:
    with suppress(OSError):
        if folder.lstat().st_uid != os.getuid():
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _lock(descriptor, wait=False)
            shutil.rmtree(folder)
        finally:
            os.close(descriptor)


def _lock(descriptor: int, *, wait: bool) -> None:
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
