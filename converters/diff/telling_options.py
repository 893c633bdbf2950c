"""Options of a conversion that change what the graph computes, or its sizes."""

from __future__ import annotations

from pathlib import Path

from converters.inspection.given_files import shown
from toolkit.artifact import ArtifactDocument

_TELLING = ("attach", "batch", "coefficients", "cut", "from_blob", "head", "input_shape", "mean")


def telling_options(path: Path, facts: ArtifactDocument | None) -> list[str]:
    """A remark about those that were given.

    Args:
        path: The artifact.
        facts: Its provenance.
    """
    options = facts.options if facts else {}
    stated = [
        f"{name} {options[name]}" for name in _TELLING if options.get(name) not in (None, [], {}, "outside")
    ]
    return [f"{shown(path.name)} was converted with {', '.join(stated)}"] if stated else []
