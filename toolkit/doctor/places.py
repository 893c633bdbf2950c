"""The cache folder, and which weights lie there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from toolkit.cache import cache_home
from toolkit.models.card import model_cards
from toolkit.models.store import weights_in_cache


class CachePlace(BaseModel):
    """The cache folder.

    Attributes:
        home: Where it is, or would be made.
        exists: Whether it is there.
        writable: Whether files can be made there.
        free_bytes: Free space of that disk; null when unknown.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: str
    exists: bool
    writable: bool
    free_bytes: int | None


class WeightsOfModel(BaseModel):
    """Which weights of a model are in the cache, told by the size of the caffemodel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    released: bool
    synthetic: bool


def cache_place() -> CachePlace:
    """The cache folder as it is now; nothing is written to find out."""
    home = cache_home()
    nearest = _nearest_existing(home)
    return CachePlace(
        home=str(home),
        exists=nearest == home,
        writable=nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK),
        free_bytes=_free_bytes(nearest),
    )


def weights_present() -> tuple[WeightsOfModel, ...]:
    """For every model card, which weights are in the cache."""
    found = []
    for card in model_cards().values():
        kinds = weights_in_cache(card)
        found.append(
            WeightsOfModel(model=card.name, released="released" in kinds, synthetic="synthetic" in kinds)
        )
    return tuple(found)


def _nearest_existing(path: Path) -> Path:
    return next((place for place in (path, *path.parents) if os.path.lexists(place)), path)


def _free_bytes(place: Path) -> int | None:
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return None
