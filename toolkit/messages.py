"""Lines on standard error: ``error:``, ``warning:`` and ``note:`` in one form (DESIGN §4)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from toolkit.errors import CtkError, printable

_sink: ContextVar[Callable[[str], None] | None] = ContextVar("warning_sink", default=None)
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


def warn(text: str) -> None:
    """Prints one ``warning:`` line, or hands it to the collector in force."""
    sink = _sink.get()
    if sink is not None:
        sink(text)
    else:
        print_line("warning", text)


def note(text: str) -> None:
    """Prints one ``note:`` line; silent under ``--quiet`` and where warnings are collected."""
    if not _quiet.get() and _sink.get() is None:
        print_line("note", text)


def report_error(error: CtkError) -> None:
    """Prints the error line of DESIGN §4 and its notes."""
    print_line("error", error.headline)
    for text in error.notes:
        print_line("note", text)


def set_quiet(quiet: bool) -> None:
    """Silences notes (never warnings or errors) in this context."""
    _quiet.set(quiet)


def is_quiet() -> bool:
    """Whether notes and progress are silenced in this context."""
    return _quiet.get()


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Collects the warnings raised inside instead of printing them."""
    found: list[str] = []
    token = _sink.set(found.append)
    try:
        yield found
    finally:
        _sink.reset(token)


def print_line(kind: str, text: str) -> None:
    """Prints one line on standard error."""
    # Where nobody can read it any more, nothing is left to say, and the exit status still tells.
    with suppress(OSError):
        sys.stderr.write(f"{kind}: {printable(text)}\n")
        sys.stderr.flush()
