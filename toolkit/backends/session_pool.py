"""Several inferences in flight where the runtime offers nothing for it: sessions, each with a thread of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from toolkit.backends.closed_on_exit import ClosedOnExit
from toolkit.backends.protocol import BackendInfo, Session
from toolkit.errors import UsageFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Outputs: TypeAlias = "dict[str, NDArray[Any]]"


class Running(NamedTuple):
    """An inference in flight: the slot that does it, and what it will give."""

    slot: int
    future: Future[_Outputs]


class SessionPool(ClosedOnExit):
    """An `AsyncSession` of sessions that run beside each other.

    Attributes:
        slots: How many were added.
    """

    def __init__(self) -> None:
        self.slots = 0
        self._sessions: list[Session] = []
        self._free: SimpleQueue[int] = SimpleQueue()
        self._threads: list[ThreadPoolExecutor] = []
        self._open = True

    def add(self, session: Session) -> None:
        """Takes over a session; one that several threads may run at once can be added several times."""
        self._sessions.append(session)
        self._threads.append(ThreadPoolExecutor(1, f"ctk-slot-{self.slots}"))
        self._free.put(self.slots)
        self.slots += 1

    def info(self) -> BackendInfo:
        """That of one session, with the threads of all."""
        one = self._sessions[0].info()
        return replace(one, threads=one.threads * self.slots)

    def start(self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None) -> Running:
        """Begins an inference; see `AsyncSession.start`."""
        if not self._open:
            raise UsageFault("CTK601", "the session is closed")
        try:
            slot = self._free.get_nowait()
        except Empty:
            raise UsageFault("CTK601", f"all {self.slots} slots are taken: wait for one of them") from None
        return Running(slot, self._threads[slot].submit(_run, self._sessions[slot], inputs, outputs))

    def wait(self, handle: Running) -> _Outputs:
        """Returns the outputs of an inference; see `AsyncSession.wait`."""
        try:
            return handle.future.result()
        finally:
            self._free.put(handle.slot)

    def close(self) -> None:
        """Waits for what is in flight, and closes all sessions."""
        self._open = False
        for thread in self._threads:
            thread.shutdown()
        for session in self._sessions:
            session.close()


def _run(session: Session, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None) -> _Outputs:
    found = session.run(inputs, outputs)
    session.synchronise()
    return found
