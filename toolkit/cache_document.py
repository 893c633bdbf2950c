"""What `ctk cache` tells, as `ctk.cache/1`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from toolkit.cache import CacheEntry, cache_home, cache_limit
from toolkit.documents import Document


class CachedFolder(BaseModel):
    """One folder of the cache."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["model", "artifact"]
    name: str
    path: str
    bytes: int
    last_used: datetime
    in_use: bool


class CacheDocument(Document):
    """``ctk.cache/1``: what the cache holds, and what `ctk cache clear` removed (or would).

    Attributes:
        removed: Null unless something was to be removed.
        dry_run: Whether ``removed`` is only what would be.
    """

    schema_: Literal["ctk.cache/1"] = Field(default="ctk.cache/1", alias="schema")
    home: str
    limit_bytes: int
    total_bytes: int
    entries: tuple[CachedFolder, ...]
    removed: tuple[CachedFolder, ...] | None = None
    dry_run: bool = False


def cache_document(
    present: Sequence[CacheEntry], removed: Sequence[CacheEntry] | None = None, dry_run: bool = False
) -> CacheDocument:
    """The document of a cache.

    Args:
        present: What is in it now.
        removed: What was removed, or would be; None unless something was to be.
        dry_run: Whether nothing was removed.
    """
    return CacheDocument(
        home=str(cache_home()),
        limit_bytes=cache_limit(),
        total_bytes=sum(entry.bytes for entry in present),
        entries=tuple(_folder(entry) for entry in present),
        removed=None if removed is None else tuple(_folder(entry) for entry in removed),
        dry_run=dry_run,
    )


def _folder(entry: CacheEntry) -> CachedFolder:
    return CachedFolder.model_validate(
        {
            "kind": entry.kind, "name": entry.name, "path": str(entry.path), "bytes": entry.bytes,
            "last_used": entry.last_used, "in_use": entry.in_use,
        }
    )  # fmt: skip
