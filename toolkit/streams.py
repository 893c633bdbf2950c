"""The process's standard streams, made safe to write to whatever the caller left of them."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import Any


def prepare_streams() -> None:
    """Fills closed streams, and lets no character fail because of the encoding.

    A reader of standard output that goes away (`ctk models | head -1`) is no failure, and does not end a verb
    before it has come to its exit status: what nobody reads any more is lost.

    Python has None for a stream that was closed (`ctk models >&-`); what goes there is then lost on purpose.
    """
    # Opened in this order, each takes the lowest free descriptor, which is its own.
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - stays open on purpose
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Only the process's own stream: whoever put another in its place knows why.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout = _outliving_its_reader(sys.stdout)


def settle_streams() -> None:
    """Flushes what is left; a stream that takes nothing any more is pointed at the null device.

    Otherwise the interpreter would try again while it ends, and turn the exit status into 120.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            if getattr(getattr(getattr(stream, "buffer", None), "raw", None), "in_doubt", False):
                _silence(stream.fileno())  # rather lost than said twice
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                _silence(stream.fileno())


class _OutlivingFile(io.FileIO):
    """A file that goes on as the null device when the reader at its other end has gone."""

    # True while a write has begun and not been told to the buffer above: an interrupt in between leaves bytes
    # in the buffer that may have been written already.
    in_doubt = False

    def write(self, data: Any, /) -> int:
        self.in_doubt = True
        try:
            written = super().write(data)
        except BrokenPipeError:
            _silence(self.fileno())
            written = len(memoryview(data).cast("B"))
        self.in_doubt = False
        return written


def _outliving_its_reader(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    stream.flush()
    file = _OutlivingFile(stream.fileno(), "wb", closefd=False)
    block = getattr(os.fstat(stream.fileno()), "st_blksize", 0)  # as open() chooses it
    return io.TextIOWrapper(
        io.BufferedWriter(file, block if block > 1 else io.DEFAULT_BUFFER_SIZE),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _silence(descriptor: int) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)
