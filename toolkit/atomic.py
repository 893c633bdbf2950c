"""Files that appear whole or not at all: written beside the target, fsynced, renamed (DESIGN §4)."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from toolkit.errors import CtkError, EnvironmentFailed, Where

_TEMPORARY = ".ctk-tmp-"


@contextmanager
def atomic_writer(target: Path) -> Iterator[BinaryIO]:
    """Opens an unbuffered file that replaces ``target`` when the block ends without an error.

    A kill at any moment leaves the old file or the new one; what a killed process left behind under a
    temporary name is removed by the next writer of the same target once its process is gone.

    Raises:
        EnvironmentFailed: CTK401 when the folder or file cannot be written, CTK402 when space ran out.
    """
    target = Path(target)
    with write_failures_named(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        temporary = target.with_name(f".{target.name[:180]}{_TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}")
        try:
            with temporary.open("xb", buffering=0) as file:
                yield file
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        _sync_folder(target.parent)


def write_atomically(target: Path, data: bytes) -> None:
    """Replaces ``target`` by ``data`` in one step; raises as `atomic_writer`."""
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
    except OSError as error:
        place = Where(file=str(target))
        reason = error.strerror or str(error)
        if error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
            raise EnvironmentFailed(
                "CTK402",
                f"no space to write the target: {reason}",
                place,
                ["free some space, or choose another folder with -o"],
            ) from error
        raise EnvironmentFailed(
            "CTK401", f"the target cannot be written: {reason}", place, ["choose another place with -o"]
        ) from error


def _remove_leftovers(target: Path) -> None:
    for leftover in target.parent.glob(f".{_glob_escaped(target.name[:180])}{_TEMPORARY}*"):
        pid = leftover.name.split(_TEMPORARY)[-1].split("-")[0]
        if pid.isdigit() and not _alive(int(pid)):
            with suppress(OSError):
                leftover.unlink()


def _glob_escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    # The rename itself is durable only after the folder is synced; some filesystems refuse that.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
