"""Progress of a measurement with the time that is left; drawn on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness.progress import Listener, Progress


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Listener | None]:
    """A listener that draws on standard error while the block runs; None where nobody looks.

    Args:
        quiet: Whether progress was declined.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Drawing

    columns = (BarColumn(), TextColumn("{task.description}", markup=False))
    with Drawing(*columns, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task("starting", total=None)
        yield lambda now: drawn.update(
            task, total=now.total or None, completed=now.done, description=progress_text(now)
        )


def progress_text(now: Progress) -> str:
    """What happens, and how long it still takes as far as is known."""
    return now.doing if now.remaining_s is None else f"{now.doing}, about {_duration(now.remaining_s)} left"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
