"""ctk's cache: model files, and artifacts made on demand (DESIGN §4).

Layout under `cache_home`::

    models/NAME/released/    NAME.prototxt NAME.caffemodel NAME.npy
    models/NAME/synthetic/   NAME-synthetic.prototxt …
    artifacts/KEY/           whatever made it put there, whole or not at all
    locks/                   one small file per folder and purpose, never removed

Artifacts are filled in a temporary folder and renamed. A process shares a lock on every folder it uses until
it ends, so that no other process evicts it meanwhile. Over the limit, the least recently used artifacts go,
then synthetic weights; released weights are only removed by `ctk cache clear`.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from toolkit import locks
from toolkit.cache_folders import (
    ARTIFACT_KEY,
    MODEL_WEIGHTS,
    artifact_folder,
    cache_failures_named,
    cache_home,
    filling,
    lock_path,
    model_folder,
    use,
)
from toolkit.errors import UsageFault
from toolkit.hashing import sha256_object
from toolkit.version import __version__

__all__ = [
    "CacheEntry",
    "artifact",
    "artifact_folder",
    "artifact_key",
    "cache_failures_named",
    "cache_home",
    "cache_limit",
    "clear",
    "entries",
    "evict",
    "filling",
    "model_folder",
    "use",
]

DEFAULT_LIMIT_BYTES = 8 * 2**30
_MOST_DIGITS = 18  # below 2**63, as far as a file system counts
_TRASH = re.compile(r"\.trash-[0-9a-f]{8}")
_TEMPORARY = re.compile(rf"\.tmp-({ARTIFACT_KEY.pattern})-[0-9a-f]{{8}}")
_KEEP = (2, 0.0)


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One folder of the cache.

    Attributes:
        kind: ``model`` or ``artifact``.
        name: Model name and weights (``colorization-v2/released``), or the artifact's key.
        path: The folder.
        bytes: Size of all files in it.
        last_used: When it was last used or written.
        in_use: Whether a process (this one too) holds it.
    """

    kind: str
    name: str
    path: Path
    bytes: int
    last_used: datetime
    in_use: bool


def cache_limit() -> int:
    """The most bytes the cache should hold: ``$CTK_CACHE_LIMIT``, or 8 GiB.

    Raises:
        UsageFault: CTK601 when the variable is not a whole number of bytes.
    """
    text = os.environ.get("CTK_CACHE_LIMIT", "").strip()
    if not text:
        return DEFAULT_LIMIT_BYTES
    # The interpreter itself refuses to read thousands of digits; no disk holds that much.
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        shown = repr(text if len(text) <= 2 * _MOST_DIGITS else f"{text[:_MOST_DIGITS]}…")
        raise UsageFault(
            "CTK601",
            f"CTK_CACHE_LIMIT is {shown}, not a whole number of bytes of at most {_MOST_DIGITS} digits",
            notes=[f"unset it for {DEFAULT_LIMIT_BYTES}"],
        )
    return int(text)


def artifact_key(sources: Mapping[str, str], options: Mapping[str, object]) -> str:
    """The key of an artifact made on demand.

    Args:
        sources: SHA-256 of every source file, by its role.
        options: Whatever changes the result; JSON-serialisable.

    Returns:
        32 hexadecimal digits, which differ as soon as a source, an option or ctk's version does.
    """
    description = {"sources": dict(sources), "options": dict(options), "ctk": __version__}
    return sha256_object(description)[:32]


def artifact(key: str, fill: Callable[[Path], None]) -> Path:
    """The folder of an artifact, filled first when it is not there; in use until this process ends.

    Args:
        key: From `artifact_key`.
        fill: Writes the artifact's files into the temporary folder it is given.

    Raises:
        EnvironmentFailed: CTK409 when the cache cannot be used, CTK402 when space ran out.
    """
    folder = artifact_folder(key)
    use(folder)
    if not folder.is_dir():
        with filling(folder):
            if not folder.is_dir():
                _fill_and_rename(folder, fill)
        evict()
    use(folder)
    return folder


def entries() -> list[CacheEntry]:
    """Everything that ctk keeps in the cache, the least recently used first.

    Whatever else lies there (`cache_home` may be a folder with other uses) is not ctk's: it is not listed, so
    that it is neither counted nor removed.

    Raises:
        EnvironmentFailed: CTK409 when the cache's place is no folder or cannot be read.
    """
    home = cache_home()
    with cache_failures_named(home):
        if not home.exists():
            return []
        if not home.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "it is a file, not a folder")
        found = [_entry(kind, folder) for kind, folder in (*_models(home), *_artifacts(home))]
    return sorted(found, key=lambda entry: entry.last_used)


def clear(chosen: Iterable[CacheEntry]) -> list[CacheEntry]:
    """Removes entries that no process is using; a folder goes as a whole.

    Returns:
        Those that were removed.

    Raises:
        EnvironmentFailed: CTK409 when one cannot be removed.
    """
    removed = [entry for entry in chosen if _remove(entry.path)]
    _remove_leftovers()
    return removed


def evict(limit: int | None = None) -> list[CacheEntry]:
    """Removes the least recently used entries, none of them in use, until the cache is within its limit.

    Args:
        limit: Bytes; `cache_limit` by default.

    Returns:
        Those that were removed.
    """
    limit = cache_limit() if limit is None else limit
    present = entries()
    excess = sum(entry.bytes for entry in present) - limit
    removed = []
    for entry in sorted(present, key=_eviction_rank):
        if excess <= 0 or _eviction_rank(entry) == _KEEP:
            break
        if not entry.in_use and _remove(entry.path):
            removed.append(entry)
            excess -= entry.bytes
    return removed


def _eviction_rank(entry: CacheEntry) -> tuple[int, float]:
    # Artifacts first, then synthetic weights (two seconds to make again); released weights stay.
    if entry.kind == "artifact":
        return (0, entry.last_used.timestamp())
    return (1, entry.last_used.timestamp()) if entry.path.name == "synthetic" else _KEEP


def _fill_and_rename(folder: Path, fill: Callable[[Path], None]) -> None:
    for leftover in folder.parent.glob(f".tmp-{folder.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)  # we hold the lock: whoever made it is gone
    temporary = folder.with_name(f".tmp-{folder.name}-{secrets.token_hex(4)}")
    temporary.mkdir()
    try:
        fill(temporary)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _remove(folder: Path) -> bool:
    with cache_failures_named(folder):
        lock = lock_path(folder, "use")
        lock.parent.mkdir(parents=True, exist_ok=True)
        with locks.exclusive_or_none(lock) as alone:
            if not alone or not folder.is_dir():
                return False
            # Renamed first: a half-removed folder never bears its name.
            trash = cache_home() / f".trash-{secrets.token_hex(4)}"
            folder.rename(trash)
        shutil.rmtree(trash, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()  # models/NAME, when it is empty now
    return True


def _remove_leftovers() -> None:
    home = cache_home()
    for trash in home.glob(".trash-*"):
        if _TRASH.fullmatch(trash.name):
            shutil.rmtree(trash, ignore_errors=True)
    for temporary in (home / "artifacts").glob(".tmp-*-*"):
        made = _TEMPORARY.fullmatch(temporary.name)
        if made is None:
            continue
        with suppress(OSError), locks.exclusive_or_none(lock_path(artifact_folder(made[1]), "fill")) as alone:
            if alone:
                shutil.rmtree(temporary, ignore_errors=True)


def _entry(kind: str, folder: Path) -> CacheEntry:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    sizes, times = [0], [0.0]
    for path in [folder, *files]:
        with suppress(OSError):  # another process may remove it while we look
            status = path.stat()
            times.append(status.st_mtime)
            sizes.append(status.st_size if path is not folder else 0)
    name = f"{folder.parent.name}/{folder.name}" if kind == "model" else folder.name
    return CacheEntry(
        kind, name, folder, sum(sizes), datetime.fromtimestamp(max(times), UTC), _in_use(folder)
    )


def _in_use(folder: Path) -> bool:
    lock = lock_path(folder, "use")
    if not lock.exists():
        return False
    try:
        with locks.exclusive_or_none(lock) as alone:
            return not alone
    except OSError:
        return False


def _models(home: Path) -> list[tuple[str, Path]]:
    from toolkit.models import card

    folders = (
        home / "models" / name / weights for name in sorted(card.model_cards()) for weights in MODEL_WEIGHTS
    )
    return [("model", folder) for folder in folders if folder.is_dir()]


def _artifacts(home: Path) -> list[tuple[str, Path]]:
    parent = home / "artifacts"
    folders = sorted(parent.iterdir()) if parent.is_dir() else []
    return [("artifact", path) for path in folders if ARTIFACT_KEY.fullmatch(path.name) and path.is_dir()]
