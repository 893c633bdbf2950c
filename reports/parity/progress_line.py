"""What happens now, on one line that goes away; drawn on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from toolkit.errors import printable

Listener = Callable[[str], None]


@contextmanager
def progress_line(quiet: bool) -> Iterator[Listener | None]:
    """A listener that draws on standard error while the block runs; None where nobody looks.

    Args:
        quiet: Whether progress was declined.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text("starting")) as status:
        yield lambda text: status.update(Text(printable(text)))
