"""Importing the library behind a backend, with a clear word where it is not installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from toolkit.errors import EnvironmentFailed


def runtime_module(module: str, backend: str, requirement: str) -> Any:
    """The imported library.

    Args:
        module: Its import name, such as ``cv2``.
        backend: The backend that needs it.
        requirement: What pip installs, such as ``opencv-python-headless<5``.

    Raises:
        EnvironmentFailed: CTK404 when it is not installed or cannot be imported.
    """
    try:
        return import_module(module)
    except Exception as error:  # a broken installation raises anything
        missing = isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]
        what = "is not installed" if missing else f"cannot be imported: {type(error).__name__}: {error}"
        raise EnvironmentFailed(
            "CTK404",
            f"the backend {backend} needs {module}, which {what}",
            notes=[f"install it: pip install '{requirement}'"],
        ) from error
