"""What ``--artifact FILE`` and ``--artifact BACKEND=FILE`` mean (DESIGN §4, Which model)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toolkit import plugins
from toolkit.errors import UsageFault
from toolkit.nearest import did_you_mean

_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]*)=(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class GivenArtifacts:
    """Files to measure.

    Attributes:
        common: For every backend that is meant and loads it.
        by_backend: For one backend each.
    """

    common: Path | None = None
    by_backend: dict[str, Path] = field(default_factory=dict)


def given_artifacts(words: Sequence[str]) -> GivenArtifacts:
    """The files behind the words of ``--artifact``.

    Raises:
        UsageFault: CTK601 where it stays open which backend runs which file, CTK603 for an unknown backend.
    """
    common: list[Path] = []
    by_backend: dict[str, Path] = {}
    for word in words:
        backend, file = _split(word)
        if backend is None:
            common.append(file)
        elif backend in by_backend:
            raise UsageFault("CTK601", f"--artifact names two files for {backend}")
        else:
            by_backend[backend] = file
    if len(common) > 1 or (common and by_backend):
        raise UsageFault(
            "CTK601",
            f"which backend runs {common[-1]} stays open beside another --artifact",
            notes=["write --artifact BACKEND=FILE for each"],
        )
    return GivenArtifacts(common[0] if common else None, by_backend)


def _split(word: str) -> tuple[str | None, Path]:
    """A registered name before ``=`` is a backend; a file whose own name has a ``=`` stays what it is."""
    match = _NAMED.fullmatch(word)
    if match is None:
        return None, Path(word)
    known = plugins.members(plugins.BACKENDS)
    if match[1] in known:
        return match[1], Path(match[2])
    if Path(word).exists():
        return None, Path(word)
    raise UsageFault("CTK603", f"unknown backend {match[1]!r}", notes=did_you_mean(match[1], known))
