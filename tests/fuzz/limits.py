"""The bounds an input is held to: processor time, resident memory, reserved memory.

Memory is the growth of the process's peak resident set while one input is converted: the kernel's peak is set
back before each input (`/proc/self/clear_refs`, proc(5)), so every byte counts, NumPy's, protobuf's and
mapped files included, and Python runs at full speed, which tracemalloc would not allow. What the allocator
kept of earlier inputs is given back first (`malloc_trim`), or it would be used again uncounted. So that a runaway
allocation ends as a `MemoryError` of this process and not in the machine's memory, reservations are limited
too (`RLIMIT_DATA`), a good deal higher, since reserved is not used.
"""

from __future__ import annotations

import ctypes
import gc
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

SECONDS = 2.0
_RESERVED_ABOVE_BOUND = 512 << 20
_PROC = Path("/proc/self")


def most_bytes(input_bytes: int) -> int:
    """How much memory converting files of this size may take."""
    return 3 * input_bytes + (50 << 20)


class Hang(BaseException):
    """The deadline is over; no `Exception`, so that nothing under test can swallow it."""


@dataclass(slots=True)
class Usage:
    """What one input took."""

    peak_bytes: int = 0
    cpu_seconds: float = 0.0


@contextmanager
def limited(input_bytes: int, seconds: float = SECONDS) -> Iterator[Usage]:
    """Runs the block under the bounds; the usage is filled in when it ends.

    Raises:
        Hang: The block took more than ``seconds`` of processor time (all threads, so that a busy machine does
            not matter).
    """
    usage = Usage()
    _give_back_free_memory()
    before = _resident_and_reserved()
    _reset_peak()
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    reserved = before[1] + most_bytes(input_bytes) + _RESERVED_ABOVE_BOUND
    started = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    previous = signal.signal(signal.SIGPROF, _over)
    resource.setrlimit(resource.RLIMIT_DATA, (reserved, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield usage
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
        usage.cpu_seconds = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - started
        usage.peak_bytes = max(0, _peak() - before[0])


def can_measure() -> bool:
    """Whether this system lets a process set its peak back (Linux)."""
    try:
        _reset_peak()
    except OSError:
        return False
    return True


def _give_back_free_memory() -> None:
    with suppress(OSError, AttributeError):  # glibc only; elsewhere less is counted
        ctypes.CDLL(None).malloc_trim(0)


def _over(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Hang


def _reset_peak() -> None:
    (_PROC / "clear_refs").write_text("5")


def _status() -> dict[str, int]:
    lines = (line.split() for line in (_PROC / "status").read_text().splitlines())
    return {words[0]: int(words[1]) << 10 for words in lines if words[-1] == "kB"}


def _resident_and_reserved() -> tuple[int, int]:
    status = _status()
    return status["VmRSS:"], status["VmData:"]


def _peak() -> int:
    return _status()["VmHWM:"]


def collect_garbage() -> None:
    """Called between inputs now and then, so that one's garbage is not counted as the next one's memory."""
    gc.collect()
