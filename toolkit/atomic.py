"""Files that appear whole or not at all: written beside the target, fsynced, renamed (DESIGN §4)."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from toolkit.errors import CtkError, EnvironmentFailed, Where

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

_TEMPORARY = ".ctk-tmp-"
# With the rest of the temporary name this stays below the 255 bytes of a file name.
_MOST_NAME_BYTES = 180


@contextmanager
def atomic_writer(target: Path) -> Iterator[BinaryIO]:
    """Opens an unbuffered file that replaces ``target`` when the block ends without an error.

    A kill at any moment leaves the old file or the new one; what a killed process left behind under a
    temporary name is removed by the next writer of the same target. Where ``target`` is a symbolic link, the
    link stays and the file it points to is replaced. A replaced file's permissions are kept.

    Raises:
        EnvironmentFailed: CTK401 when the folder or file cannot be written, CTK402 when space ran out.
    """
    with write_failures_named(Path(target)):
        place = _end_of_links(Path(target))
        mode = _replaceable_mode(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(place)
        temporary, file = _open_temporary(place)
        try:
            with file:
                yield file
                if mode is not None:
                    with suppress(OSError):
                        os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            temporary.replace(place)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        _sync_folder(place.parent)


def write_atomically(target: Path, data: bytes) -> None:
    """Replaces ``target`` by ``data`` in one step; a pipe or device is written to instead.

    Raises as `atomic_writer`.
    """
    if _is_stream(Path(target)):
        with write_failures_named(target), Path(target).open("wb", buffering=0) as stream:
            write_all(stream, data)
        return
    with atomic_writer(target) as file:
        write_all(file, data)


def write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    """Writes everything to an unbuffered file, whose ``write`` may take only a part at a time."""
    view = memoryview(data).cast("B")
    while view.nbytes:
        view = view[file.write(view) :]


@contextmanager
def write_failures_named(target: Path) -> Iterator[None]:
    """Turns an `OSError` inside the block into the error for a target that cannot be written."""
    try:
        yield
    except CtkError:
        raise
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and "null byte" not in str(error):
            raise
        place = Where(file=str(target))
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
            raise EnvironmentFailed(
                "CTK402",
                f"no space to write the target: {reason}",
                place,
                ["free some space, or choose another folder"],
            ) from error
        raise EnvironmentFailed(
            "CTK401", f"the target cannot be written: {reason}", place, ["choose another place"]
        ) from error


def _end_of_links(target: Path) -> Path:
    if not target.is_symlink():
        return target
    place = Path(os.path.realpath(target))
    if place.is_symlink():  # realpath gives up on a loop and returns a link
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return place


def _replaceable_mode(place: Path) -> int | None:
    """Permissions of the file that will be replaced; a rename must not do away with a folder or a device."""
    try:
        status = place.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    return stat.S_IMODE(status.st_mode)


def _is_stream(target: Path) -> bool:
    with suppress(OSError, ValueError):
        mode = target.stat().st_mode
        return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)
    return False


def _open_temporary(place: Path) -> tuple[Path, BinaryIO]:
    """A new file beside the target, locked as long as it is open, so that nobody takes it for a leftover."""
    while True:
        temporary = place.with_name(f"{_stem(place)}{os.getpid()}-{secrets.token_hex(4)}")
        file = temporary.open("xb", buffering=0)
        try:
            _lock(file.fileno())
            # Between opening and locking, another writer may have taken it for a leftover.
            if temporary.exists():
                return temporary, file
        except BaseException:
            file.close()
            raise
        file.close()


def _remove_leftovers(place: Path) -> None:
    for leftover in place.parent.glob(f"{_glob_escaped(_stem(place))}*"):
        with suppress(OSError), leftover.open("rb+") as file:
            # The lock of a process ends with it, whatever has become of its number since.
            if _lock(file.fileno()):
                leftover.unlink()


def _stem(place: Path) -> str:
    name = os.fsencode(place.name)[:_MOST_NAME_BYTES].decode("utf-8", "ignore")
    return f".{name}{_TEMPORARY}"


def _glob_escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _lock(descriptor: int) -> bool:
    """Whether this process now holds the file alone; False as well where files cannot be locked."""
    if fcntl is None:  # pragma: no cover - Windows
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    # The rename itself is durable only after the folder is synced; some filesystems refuse that.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
