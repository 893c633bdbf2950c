"""A session around one function: all that a backend needs whose runtime takes names and arrays and waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from toolkit.backends.closed_on_exit import ClosedOnExit
from toolkit.backends.fitting import fitting
from toolkit.backends.protocol import BackendInfo, Session
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, UsageFault, Where
from toolkit.nearest import did_you_mean

Compute = Callable[[list[str], dict[str, NDArray[Any]]], Iterable[Any]]


class SimpleSession(ClosedOnExit):
    """A loaded artifact; see `Session`, whose checks and errors are here.

    Args:
        artifact: The file, for messages.
        info: What was loaded; its inputs and outputs are what `run` takes and gives.
        compute: Executes the network: gets names of outputs, and for every input a contiguous array of its
            shape and element type; gives the outputs in the order of the names, as arrays of their own, and
            returns when they are done.
        free: Frees the runtime's memory; called once.
    """

    def __init__(
        self, artifact: Path, info: BackendInfo, compute: Compute, free: Callable[[], object] | None = None
    ) -> None:
        self._place = Where(file=str(artifact))
        self._info = info
        self._compute: Compute | None = compute
        self._free = free

    def info(self) -> BackendInfo:
        """What was loaded."""
        return self._info

    def run(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Executes the network once; see `Session.run`. Only graph outputs can be asked for."""
        if self._compute is None:
            raise UsageFault("CTK601", "the session is closed")
        names = list(self._info.outputs if outputs is None else outputs)
        self._refuse_unknown("output", names, self._info.outputs)
        self._refuse_unknown("input", inputs, self._info.inputs)
        feed = {
            name: fitting(name, inputs.get(name), i, self._place) for name, i in self._info.inputs.items()
        }
        try:
            return dict(zip(names, self._compute(names, feed), strict=True))
        except CtkError:
            raise
        except MemoryError as error:
            what = f"out of memory in the backend {self._info.name}"
            raise EnvironmentFailed("CTK408", what, self._place) from error
        except Exception as error:  # runtimes raise what they like
            what = f"the backend {self._info.name} failed while running: {type(error).__name__}: {error}"
            raise EnvironmentFailed("CTK404", what, self._place) from error

    def synchronise(self) -> None:
        """Returns at once: `run` itself waits."""

    def close(self) -> None:
        """Frees what the session holds; a second call does nothing."""
        free, self._free, self._compute = self._free, None, None
        if free is not None:
            free()

    def _refuse_unknown(
        self, what: str, names: Sequence[str] | Mapping[str, Any], known: Mapping[str, Any]
    ) -> None:
        for name in names:
            if name not in known:
                raise BadInput(
                    "CTK516", f"no {what} is called {name!r}", self._place, did_you_mean(name, known)
                )


if TYPE_CHECKING:  # the type checker holds the class to the protocol
    _HELD: type[Session] = SimpleSession
