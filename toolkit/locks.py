"""Locks between processes that end with the process, however it ends.

They are advisory `flock` locks on small files that are never removed (removing one would let two processes
lock two different files of one name). Where the platform has no `fcntl`, they do nothing; what relies on
them still renames whole folders and files into place, so that work is at worst done twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

_held: dict[str, int] = {}


@contextmanager
def exclusive(path: Path, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds the lock alone while the block runs; waits for another holder.

    Args:
        path: Lock file; its folder must exist.
        on_wait: Called once when another process holds the lock.

    Raises:
        OSError: The lock file cannot be made.
    """
    descriptor = _open(path)
    try:
        if not _lock(descriptor, shared=False, wait=False):
            if on_wait is not None:
                on_wait()
            _lock(descriptor, shared=False, wait=True)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def exclusive_or_none(path: Path) -> Iterator[bool]:
    """Tries to hold the lock alone while the block runs; yields whether that worked."""
    descriptor = _open(path)
    try:
        yield _lock(descriptor, shared=False, wait=False)
    finally:
        os.close(descriptor)


def share_until_exit(path: Path) -> None:
    """Shares the lock with others until this process ends, or until `release`.

    Raises:
        OSError: The lock file cannot be made.
    """
    key = os.path.realpath(path)
    if key not in _held:
        descriptor = _open(path)
        _lock(descriptor, shared=True, wait=True)
        _held[key] = descriptor


def release(path: Path) -> None:
    """Gives up what `share_until_exit` took; nothing happens when it was not taken."""
    descriptor = _held.pop(os.path.realpath(path), None)
    if descriptor is not None:
        with suppress(OSError):
            os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)


def _lock(descriptor: int, *, shared: bool, wait: bool) -> bool:
    if fcntl is None:  # pragma: no cover - Windows
        return True
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, kind | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
