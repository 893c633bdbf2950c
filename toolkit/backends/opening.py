"""Backends by name."""

from __future__ import annotations

from pathlib import Path

from toolkit import plugins
from toolkit.backends.protocol import Backend, Session
from toolkit.errors import UsageFault


def open_backend(name: str, artifact: Path, threads: int | None = None) -> Session:
    """Loads an artifact into the backend of that name.

    Args:
        name: A registered backend, such as ``onnxruntime``.
        artifact: The artifact's main file.
        threads: Number of threads that compute; the physical cores by default.

    Raises:
        UsageFault: CTK603 for an unknown backend, CTK601 for a thread count below 1.
        EnvironmentFailed: CTK404 when the backend cannot be imported or loaded.
        BadInput: When the artifact cannot be read; see `Backend.load`.
    """
    if threads is not None and threads < 1:
        raise UsageFault("CTK601", f"the number of threads must be at least 1, not {threads}")
    backend: type[Backend] = plugins.load_member(plugins.BACKENDS, name, "backend")
    return backend.load(Path(artifact), threads=threads)


def load(artifact: Path | str, backend: str = "onnxruntime", threads: int | None = None) -> Session:
    """Loads an artifact for running; offered as ``toolkit.load``. Raises as `open_backend`."""
    return open_backend(backend, Path(artifact), threads)
