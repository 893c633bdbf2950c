"""Several inferences in flight at once: an optional part of the backend protocol.

A backend that can do better than plain threads has a class method ``load_async``, as `AsyncBackend` says; for
all others `open_async` loads the artifact several times and gives each copy a thread (`SessionPool`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from toolkit.backends.listing import backend_class, formats_of, refuse_missing_runtime
from toolkit.backends.opening import open_backend, refuse_format
from toolkit.backends.protocol import BackendInfo
from toolkit.backends.session_pool import SessionPool
from toolkit.backends.threads import thread_count, whole_number

if TYPE_CHECKING:
    from numpy.typing import NDArray


class AsyncSession(Protocol):
    """A loaded artifact that takes several inferences at once; threads may share it.

    Attributes:
        slots: How many may be in flight.
    """

    slots: int

    def info(self) -> BackendInfo:
        """What was loaded; its ``threads`` are those of all slots together."""

    def start(self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None) -> Any:
        """Begins an inference; arguments and errors as `Session.run`, some of them only when it is waited for.

        The arrays must be left alone until then.

        Returns:
            A handle for `wait`, and for nothing else.

        Raises:
            UsageFault: CTK601 when all slots are taken, or the session is closed.
        """

    def wait(self, handle: Any) -> dict[str, NDArray[Any]]:
        """Returns the outputs of an inference when it is done, and frees its slot; once for every handle.

        Raises:
            CtkError: As `Session.run`.
        """

    def close(self) -> None:
        """Frees what the session holds, behind everything that is in flight; a second call does nothing."""

    def __enter__(self) -> Self:
        """The session itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the session."""


@runtime_checkable
class AsyncBackend(Protocol):
    """A backend with a way of its own to keep several inferences in flight."""

    def load_async(
        self,
        artifact: Path,
        *,
        threads: int | None = None,
        precision: str = "f32",
        device: str | None = None,
        in_flight: int | None = None,
    ) -> AsyncSession:
        """Loads an artifact; see `open_async`. It is a class method, and may take further options."""


def open_async(
    name: str,
    artifact: Path,
    threads: int | None = None,
    *,
    in_flight: int | None = None,
    precision: str = "f32",
    device: str | None = None,
    **options: Any,
) -> AsyncSession:
    """Loads an artifact so that several inferences can be in flight.

    Args:
        name: A registered backend.
        artifact: Its main file.
        threads: Threads that compute, of all inferences together; the physical cores by default.
        in_flight: How many inferences; by default the runtime's own optimum where it tells one, else as many
            as there are threads, each inference on one.
        precision: As `Backend.load`.
        device: As `Backend.load`.
        options: Further options of that very backend.

    Raises:
        UsageFault: CTK601 for fewer than one inference; else as `open_backend`.
        BadInput: As `open_backend`.
        EnvironmentFailed: As `open_backend`.
    """
    backend = backend_class(name)
    refuse_missing_runtime(name)
    count = thread_count(threads)
    if in_flight is not None:
        in_flight = whole_number(in_flight, "inferences in flight")
    if isinstance(backend, AsyncBackend):
        refuse_format(name, formats_of(name, backend), artifact)
        return backend.load_async(
            artifact, threads=count, precision=precision, device=device, in_flight=in_flight, **options
        )
    slots = in_flight or count
    each = max(1, count // slots)
    opened = SessionPool()
    try:
        for _ in range(slots):
            opened.add(open_backend(name, artifact, each, precision=precision, device=device, **options))
    except BaseException:
        opened.close()
        raise
    return opened
