"""Every error that a user can meet, with its exit status (DESIGN §4).

The tree, and the exit status of each branch::

    CtkError
    ├── CheckFailed          1   a demanded check failed
    ├── RegressionFound      2   slower than the comparison allows
    ├── Inconclusive         3   implausible, too noisy, or nothing was measured
    ├── EnvironmentFailed    4   backend, toolchain, memory, network or target missing or failed
    ├── BadInput             5   a file, model or picture is wrong
    ├── UsageFault          64   the command line is wrong
    └── InternalFault       70   our own fault

An error has a stable code (``CTK503``; ``ctk explain CTK503`` has its page), one line that says what
happened and where, and notes that say why and what to do.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

EXIT_INTERRUPTED = 130
# When several errors meet, the first of these statuses that occurs decides (DESIGN §4).
EXIT_PRECEDENCE = (130, 70, 64, 5, 4, 1, 2, 3, 0)


@dataclass(frozen=True, slots=True)
class Where:
    """The place an error speaks of; every part may be unknown.

    Attributes:
        file: Path as the user gave it.
        line: 1-based line of a text file.
        column: 1-based column of a text file.
        layer: Caffe layer name.
    """

    file: str | None = None
    line: int | None = None
    column: int | None = None
    layer: str | None = None

    def __str__(self) -> str:
        parts = []
        if self.file is not None:
            place = self.file
            if self.line is not None:
                place += f":{self.line}"
                if self.column is not None:
                    place += f":{self.column}"
            parts.append(place)
        elif self.line is not None:
            parts.append(f"line {self.line}")
        if self.layer is not None:
            parts.append(f"layer {self.layer!r}")
        return ", ".join(parts)


class CtkError(Exception):
    """Base of every error with a code; raised only through its branches.

    Args:
        code: Stable code, ``CTK`` and three digits.
        what: What happened, one sentence without a full stop.
        where: The place in the user's files.
        notes: Why, and what to do; one line each.
    """

    exit_status: ClassVar[int] = 70

    def __init__(self, code: str, what: str, where: Where | None = None, notes: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.where = where or Where()
        self.notes = tuple(notes)

    @property
    def headline(self) -> str:
        """The one line after ``error:``, without line breaks or control characters."""
        place = str(self.where)
        return printable(f"{self.code} {self.what}" + (f" ({place})" if place else ""))

    def __str__(self) -> str:
        return self.headline

    def located(
        self, *, file: str | None = None, line: int | None = None, layer: str | None = None
    ) -> CtkError:
        """Fills parts of the place that the raiser did not know; returns self."""
        self.where = Where(
            file=self.where.file if self.where.file is not None else file,
            line=self.where.line if self.where.line is not None else line,
            column=self.where.column,
            layer=self.where.layer if self.where.layer is not None else layer,
        )
        return self


class CheckFailed(CtkError):
    """A check that was asked for failed: parity, verify, or no candidate satisfies ``choose``."""

    exit_status = 1


class RegressionFound(CtkError):
    """The new side of a comparison is slower than the margin allows."""

    exit_status = 2


class Inconclusive(CtkError):
    """Nothing can be concluded: nothing was measured or compared, or the host is too noisy."""

    exit_status = 3


class EnvironmentFailed(CtkError):
    """Something outside the user's files is missing or failed; trying elsewhere or later may help."""

    exit_status = 4


class BadInput(CtkError):
    """A file, model or picture cannot be used as it is."""

    exit_status = 5


class UsageFault(CtkError):
    """The command line or the arguments of an API call do not fit together."""

    exit_status = 64


class InternalFault(CtkError):
    """A promise that ctk makes to itself is broken; always a bug of ctk."""

    exit_status = 70


def printable(text: str) -> str:
    """The text on one line: control and format characters, and lone surrogates, become escapes."""
    return "".join(
        c if c.isprintable() or (c == " ") else c.encode("unicode_escape", "backslashreplace").decode("ascii")
        for c in unicodedata.normalize("NFC", text)
    )


def decisive_exit(statuses: Sequence[int]) -> int:
    """The exit status that decides when several happened (DESIGN §4)."""
    return min(statuses, key=EXIT_PRECEDENCE.index, default=0)
