"""Facts about the host: read from the system's folders, or unknown with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

# None of the files that are read here is longer, but for one that somebody made up.
_MOST_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class Roots:
    """Where the system describes itself; tests give made-up trees.

    Attributes:
        proc: ``/proc``.
        sys: ``/sys``.
        root: ``/``, for the marks of a container.
    """

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    root: Path = Path("/")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that is not to be had; in the document null, with this reason in the group ``unknown``."""

    reason: str


# Each fact of a group by its key: JSON values, or `Unknown` in place of one.
Group: TypeAlias = Mapping[str, Any]


def text_of(file: Path) -> str | Unknown:
    """The content of a file without white space around it.

    Its folder is in no reason: it may name a control group, and so a container or a user.
    """
    try:
        with file.open(errors="replace") as opened:
            return opened.read(_MOST_CHARACTERS).strip()
    except (OSError, ValueError) as error:
        return Unknown(f"{file.name}: {getattr(error, 'strerror', None) or type(error).__name__}")


def number_in(file: Path) -> int | Unknown:
    """The whole number that is the content of a file."""
    text = text_of(file)
    if isinstance(text, Unknown):
        return text
    try:
        return int(text)
    except ValueError:
        return Unknown(f"{file.name}: it holds no number")


def fields_in(file: Path, separator: str | None = None) -> dict[str, str] | Unknown:
    """The lines ``key value`` of a file; the first of equal keys counts.

    Args:
        file: Where to read.
        separator: What stands between the two; white space by default.
    """
    text = text_of(file)
    if isinstance(text, Unknown):
        return text
    found: dict[str, str] = {}
    for line in text.splitlines():
        parts = line.split(separator, 1)
        if len(parts) == 2:
            found.setdefault(parts[0].strip(), parts[1].strip())
    return found


def known(*facts: Any) -> Any:
    """The first fact that is known; the last one's reason where none is."""
    return next((fact for fact in facts if not isinstance(fact, Unknown)), facts[-1])
