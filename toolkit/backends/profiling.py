"""Times of single layers by the runtime's own counters: an optional part of the backend protocol."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from toolkit.backends.listing import backend_class
from toolkit.backends.opening import open_backend
from toolkit.backends.protocol import Session
from toolkit.errors import UsageFault


@dataclass(frozen=True, slots=True)
class CountedLayer:
    """A kernel that the runtime executed, and counted.

    Attributes:
        name: The runtime's name for it.
        kind: Its type in the runtime's words, such as ``Convolution``.
        precision: A word of DESIGN §1, or None where the runtime does not tell.
        mean_ms: Mean over the runs that were counted.
        nodes: The artifact's own nodes (in Caffe files, layers) that it executes, in the order of the graph;
            several where the runtime fused them, none for work that it added itself.
    """

    name: str
    kind: str
    precision: str | None
    mean_ms: float
    nodes: tuple[str, ...]


@runtime_checkable
class ProfilingSession(Session, Protocol):
    """A session that counts the time of every layer."""

    def start_profile(self) -> None:
        """Forgets the runs until now: those after it are counted."""

    def layer_times(self) -> tuple[CountedLayer, ...]:
        """Everything that was executed since `start_profile`, in the order of execution.

        It ends the counting: a second call needs another session.

        Raises:
            UsageFault: CTK601 when no run was counted.
            EnvironmentFailed: CTK404 when the runtime does not give its counters.
        """


def open_profiling(
    name: str,
    artifact: Path,
    threads: int | None = None,
    *,
    precision: str = "f32",
    device: str | None = None,
    **options: Any,
) -> ProfilingSession:
    """Loads an artifact into a session that counts; arguments and errors as `open_backend`.

    A backend whose counters must be turned on while it loads has an option ``profile`` for that.

    Raises:
        UsageFault: CTK604 when the backend counts no layers.
    """
    asked = dict(options)
    if "profile" in inspect.signature(backend_class(name).load).parameters:
        asked["profile"] = True
    session = open_backend(name, artifact, threads, precision=precision, device=device, **asked)
    if not isinstance(session, ProfilingSession):
        session.close()
        raise UsageFault(
            "CTK604", f"the backend {name} does not tell the times of single layers",
            notes=["onnxruntime, openvino and opencv do"],
        )  # fmt: skip
    return session


def nothing_counted() -> UsageFault:
    """The error of `layer_times` without a run."""
    return UsageFault("CTK601", "no run was counted: the session must run after the profile was started")
