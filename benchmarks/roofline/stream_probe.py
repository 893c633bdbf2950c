"""How fast memory gives and takes bytes: copy, add and sum over arrays that no cache holds (after STREAM)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.roofline.best_run import best_run
from benchmarks.roofline.processor_caches import cache_bytes
from toolkit.backends.memory import available_bytes

Arrays: TypeAlias = list[NDArray[np.float64]]
_ARRAYS = 3  # of each thread
_LEAST_BYTES, _MOST_BYTES = 96 * 2**20, 1536 * 2**20
_OF_MEMORY = 8  # at most this part of what is free
_F64_BYTES = 8


def stream_bytes() -> int:
    """Bytes of all arrays together: four times the caches, within what memory allows."""
    wanted = max(_LEAST_BYTES, 4 * (cache_bytes() or 0))
    free = available_bytes()
    return min(wanted, _MOST_BYTES, free // _OF_MEMORY if free is not None else _MOST_BYTES)


class StreamRate(NamedTuple):
    """What memory reached.

    Attributes:
        gb_s: 1e9 bytes a second.
        disturbed: As `BestRun.disturbed`.
    """

    gb_s: float
    disturbed: bool


def stream_rates(threads: int, seconds: float, total_bytes: int) -> dict[str, StreamRate]:
    """The largest rate of each kernel.

    Bytes are counted as the kernel names them (copy 2, add 3, sum 1 for each byte of an array); what a
    processor reads in order to write does not count.

    Args:
        threads: How many work at once, each on arrays of its own.
        seconds: Spent on each kernel.
        total_bytes: Of all arrays together.
    """
    count = max(1, total_bytes // (threads * _ARRAYS * _F64_BYTES))
    # Every thread first touches its own arrays, so that they lie near it.
    with ThreadPoolExecutor(threads) as pool:
        arrays = list(pool.map(lambda _: _made(count), range(threads)))
        found = {}
        for name, (moved, kernel) in _KERNELS.items():
            best = best_run(partial(_everywhere, pool, kernel, arrays), seconds)
            gb_s = moved * count * threads * _F64_BYTES / best.seconds / 1e9
            found[name] = StreamRate(gb_s, best.disturbed)
    return found


def _made(count: int) -> Arrays:
    return [np.full(count, number) for number in (1.0, 2.0, 3.0)]


def _everywhere(pool: ThreadPoolExecutor, kernel: Callable[[Arrays], object], arrays: list[Arrays]) -> None:
    list(pool.map(kernel, arrays))


_KERNELS: Mapping[str, tuple[int, Callable[[Arrays], object]]] = {
    "copy": (2, lambda a: np.copyto(a[0], a[1])),
    "add": (3, lambda a: np.add(a[0], a[1], out=a[2])),
    "sum": (1, lambda a: np.add.reduce(a[0])),
}
"""By name, the arrays that it reads or writes, and what each thread does with its own."""
