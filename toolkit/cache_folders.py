"""Where things lie in ctk's cache, and who may touch them: the ground of `toolkit.cache`."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from platformdirs import user_cache_path

from toolkit import locks
from toolkit.errors import CtkError, EnvironmentFailed, InternalFault, Where
from toolkit.messages import note

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
ARTIFACT_KEY = re.compile(r"[0-9a-f]{32}")
"""What the key of an artifact looks like; no other folder among the artifacts is ctk's."""
MODEL_WEIGHTS = ("released", "synthetic")
"""Folders of a model; no other one in there is ctk's."""
_REMEDY = "set CTK_HOME to a folder that can be written, or empty the cache with `ctk cache clear --all`"


def cache_home() -> Path:
    """``$CTK_HOME``, or the user's cache folder; absolute, and not created here."""
    named = os.environ.get("CTK_HOME", "")
    if named:
        return Path(named).expanduser().absolute()
    return user_cache_path("colorization-toolkit", appauthor=False)


def model_folder(name: str, weights: str) -> Path:
    """Where a model's files lie; the folder may not exist yet.

    Args:
        name: Model name, as in its card.
        weights: ``released`` or ``synthetic``.
    """
    return cache_home() / "models" / _plain(name) / _plain(weights)


def artifact_folder(key: str) -> Path:
    """Where the artifact of a key (32 hexadecimal digits) lies, whether or not it is there."""
    if not ARTIFACT_KEY.fullmatch(key):
        raise InternalFault("CTK702", f"not the key of an artifact: {key!r}")
    return cache_home() / "artifacts" / key


def lock_path(folder: Path, purpose: str) -> Path:
    """The lock file of a folder of the cache; purposes are ``use`` (shared) and ``fill`` (exclusive)."""
    relative = folder.relative_to(cache_home())
    return cache_home() / "locks" / ("-".join(relative.parts) + f".{purpose}")


def use(folder: Path) -> None:
    """Marks a folder of the cache as used now, and as in use until this process ends.

    A cache that can only be read is used all the same: then nothing is marked.
    """
    with suppress(OSError):
        lock_path(folder, "use").parent.mkdir(parents=True, exist_ok=True)
        locks.share_until_exit(lock_path(folder, "use"))
    with suppress(OSError):
        os.utime(folder)


@contextmanager
def filling(folder: Path) -> Iterator[None]:
    """Holds the right to write into a folder of the cache; another process waits for it.

    Raises:
        EnvironmentFailed: CTK409 when the cache cannot be used, CTK402 when space ran out.
    """
    with cache_failures_named(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_path(folder, "fill")
        lock.parent.mkdir(parents=True, exist_ok=True)
        waiting = f"another ctk is filling {folder}; waiting for it"
        with locks.exclusive(lock, on_wait=lambda: note(waiting)):
            yield


@contextmanager
def cache_failures_named(place: Path) -> Iterator[None]:
    """Turns failures to write inside the block into errors about the cache.

    Raises:
        EnvironmentFailed: CTK409, or CTK402 when space ran out.
    """
    try:
        yield
    except CtkError as error:
        if error.code == "CTK401":
            raise _unusable(place, str(error.__cause__ or error.what)) from error
        if error.code == "CTK402":
            error.notes = ("free some space, or set CTK_HOME to another disk",)
        raise
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise EnvironmentFailed(
                "CTK402",
                f"no space in the cache: {error.strerror}",
                Where(file=str(place)),
                ["free some space, or set CTK_HOME to another disk"],
            ) from error
        raise _unusable(place, error.strerror or str(error)) from error


def _plain(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InternalFault("CTK702", f"not a name of the cache: {name!r}")
    return name


def _unusable(place: Path, reason: str) -> EnvironmentFailed:
    return EnvironmentFailed(
        "CTK409", f"the cache cannot be used: {reason}", Where(file=str(place)), [_REMEDY]
    )
