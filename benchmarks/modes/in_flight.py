"""Keeps a number of inferences in flight for a fixed time."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.backends.asynchronous import AsyncSession


@dataclass(frozen=True, slots=True)
class Flown:
    """Begin and end of all inferences, and of the window.

    Attributes:
        spans_ns: int64, n×2, of one monotonic clock.
        window_ns: Behind the warm-up.
    """

    spans_ns: NDArray[np.int64]
    window_ns: tuple[int, int]


@dataclass(slots=True)
class _Shared:
    stop: threading.Event = field(default_factory=threading.Event)
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    errors: list[BaseException] = field(default_factory=list)


def keep_in_flight(
    session: AsyncSession, feeds: Sequence[Mapping[str, NDArray[Any]]], *, warmup_s: float, window_s: float
) -> Flown:
    """Keeps all slots of a session busy: each has a client that starts the next inference when one is done.

    Args:
        session: What infers.
        feeds: Inputs, taken in turn by all clients together.
        warmup_s: Seconds before the window.
        window_s: Seconds of the window.

    Raises:
        CtkError: What the first inference that failed raised.
    """
    shared = _Shared()
    rows: list[list[tuple[int, int]]] = [[] for _ in range(session.slots)]
    clients = [threading.Thread(target=_client, args=(session, feeds, shared, row)) for row in rows]
    for client in clients:
        client.start()
    shared.stop.wait(warmup_s)
    first = time.perf_counter_ns()
    shared.stop.wait(window_s)
    last = time.perf_counter_ns()
    shared.stop.set()
    for client in clients:
        client.join()
    if shared.errors:
        raise shared.errors[0]
    spans = np.array([span for row in rows for span in row], np.int64).reshape(-1, 2)
    return Flown(spans[np.argsort(spans[:, 1], kind="stable")], (first, last))


def _client(
    session: AsyncSession,
    feeds: Sequence[Mapping[str, NDArray[Any]]],
    shared: _Shared,
    row: list[tuple[int, int]],
) -> None:
    try:
        while not shared.stop.is_set():
            feed = feeds[next(shared.numbers) % len(feeds)]
            begun = time.perf_counter_ns()
            session.wait(session.start(feed))
            row.append((begun, time.perf_counter_ns()))
    except BaseException as error:
        shared.errors.append(error)
        shared.stop.set()
