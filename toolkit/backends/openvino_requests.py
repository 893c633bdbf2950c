"""Several infer requests of one compiled model: OpenVINO's own way to keep inferences in flight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

from toolkit.backends.closed_on_exit import ClosedOnExit
from toolkit.backends.openvino_session import OpenVinoSession
from toolkit.backends.protocol import BackendInfo
from toolkit.errors import CtkError, UsageFault, Where

_OPTIMUM = "OPTIMAL_NUMBER_OF_INFER_REQUESTS"


class Started(NamedTuple):
    """An inference in flight: the request that does it, and the outputs wanted of it."""

    session: OpenVinoSession
    wanted: list[tuple[str, int]]


class OpenVinoRequests(ClosedOnExit):
    """An `AsyncSession` of one compiled model; made by `OpenVinoBackend.load_async`.

    Args:
        artifact: Its main file.
        compiled: The ``openvino.CompiledModel``.
        info: What `info` says.
        in_flight: How many requests; OpenVINO's own optimum when None.

    Attributes:
        slots: How many requests there are.
    """

    def __init__(self, artifact: Path, compiled: Any, info: BackendInfo, in_flight: int | None) -> None:
        self.slots = in_flight or int(compiled.get_property(_OPTIMUM))
        self._place = Where(file=str(artifact))
        self._info = replace(info, settings={**info.settings, "INFER_REQUESTS": str(self.slots)})
        self._sessions = [OpenVinoSession(artifact, compiled, info) for _ in range(self.slots)]
        self._started: dict[int, Started] = {}
        self._free: SimpleQueue[OpenVinoSession] = SimpleQueue()
        for session in self._sessions:
            self._free.put(session)
        self._open = True

    def info(self) -> BackendInfo:
        """What was loaded, read back from the compiled model."""
        return self._info

    def start(self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None) -> Started:
        """Begins an inference; see `AsyncSession.start`."""
        if not self._open:
            raise UsageFault("CTK601", "the session is closed", self._place)
        try:
            session = self._free.get_nowait()
        except Empty:
            raise UsageFault("CTK601", f"all {self.slots} slots are taken: wait for one of them") from None
        try:
            started = Started(session, session.start(inputs, outputs))
        except BaseException:
            self._free.put(session)
            raise
        self._started[id(session)] = started
        return started

    def wait(self, handle: Started) -> dict[str, NDArray[Any]]:
        """Returns the outputs of an inference; see `AsyncSession.wait`."""
        try:
            return handle.session.finish(handle.wanted)
        finally:
            if self._started.pop(id(handle.session), None) is not None:
                self._free.put(handle.session)

    def close(self) -> None:
        """Waits for what is in flight, and frees all requests."""
        self._open = False
        for started in list(self._started.values()):
            with suppress(CtkError):  # nobody waits for it any more
                self.wait(started)
        for session in self._sessions:
            session.close()


if TYPE_CHECKING:  # the type checker holds the class to the protocol
    from toolkit.backends.asynchronous import AsyncSession

    _HELD: type[AsyncSession] = OpenVinoRequests
