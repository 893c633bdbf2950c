"""Errors on their way from a child process to its parent, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.errors import CtkError, EnvironmentFailed, Where


def packed(error: BaseException) -> dict[str, Any]:
    """An error as a JSON object; one that is none of ctk's is one of the backend's."""
    if isinstance(error, MemoryError):
        error = EnvironmentFailed("CTK408", "out of memory")
    elif not isinstance(error, CtkError):
        error = EnvironmentFailed("CTK404", f"it failed: {type(error).__name__}: {error}")
    place = error.where
    return {
        "kind": type(error).__name__,
        "code": error.code,
        "what": error.what,
        "where": [place.file, place.line, place.column, place.layer],
        "notes": list(error.notes),
    }


def unpacked(found: Mapping[str, Any]) -> CtkError:
    """The error again; of an unknown branch an `EnvironmentFailed`."""
    kinds = {kind.__name__: kind for kind in _branches(CtkError)}
    kind = kinds.get(str(found["kind"]), EnvironmentFailed)
    return kind(str(found["code"]), str(found["what"]), Where(*found["where"]), tuple(found["notes"]))


def _branches(kind: type[CtkError]) -> Iterator[type[CtkError]]:
    for branch in kind.__subclasses__():
        yield branch
        yield from _branches(branch)
