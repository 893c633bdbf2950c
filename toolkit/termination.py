"""A request to end, by SIGTERM, that the process of `ctk` takes as it takes Ctrl-C.

It comes from a CI job that is cancelled or a container that stops: what was measured is then kept, and temporary
folders go. A program that calls `toolkit.app.main` keeps its own way with signals.
"""

from __future__ import annotations

import signal


def interrupt_on_termination() -> None:
    """From now on the first SIGTERM raises `KeyboardInterrupt` in the main thread, unless somebody else handles it.

    Those after it are ignored, for some senders send several, and cleaning up must not be cut short.
    """
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)


def ignore_termination() -> None:
    """From now on SIGTERM changes nothing: the exit status is decided, and the process ends by itself."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _interrupt(*_: object) -> None:
    ignore_termination()
    raise KeyboardInterrupt
