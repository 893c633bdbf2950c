"""Letting a large file appear in a second place, without a second copy where that can be."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from toolkit.atomic import write_failures_named


def link_or_copy(source: Path, target: Path) -> None:
    """Lets a file appear in a second place: as a hard link, or as a copy where that cannot be.

    A symbolic link would not do: runtimes refuse data that lies outside the artifact's folder.

    Raises:
        EnvironmentFailed: CTK401 or CTK402 when it cannot be written.
    """
    if target.exists() and target.samefile(source):
        return
    with write_failures_named(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        with suppress(OSError):
            os.link(source.resolve(), target)
            return
        copy_bytes(source, target)


def copy_bytes(source: Path, target: Path) -> None:
    """Copies a file's content, and leaves nothing behind where that fails.

    Raises:
        OSError: It cannot be read or written.
    """
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            target.unlink(missing_ok=True)
        raise
