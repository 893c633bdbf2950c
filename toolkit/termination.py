"""A request to end, by SIGTERM, that a verb takes as it takes Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def termination_interrupts() -> Iterator[None]:
    """While it is open, SIGTERM raises `KeyboardInterrupt`.

    It comes from a CI job that is cancelled or a container that stops: what was measured is then kept, and temporary
    folders go, as after Ctrl-C. A program that calls ctk and handles the signal itself is left alone, and so are
    threads, which can handle none.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
