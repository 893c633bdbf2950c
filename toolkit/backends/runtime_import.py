"""Importing the library behind a backend, with a clear word where it is not installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from toolkit.errors import EnvironmentFailed

# By import name what pip installs, as pyproject.toml states it; a test holds the two together.
REQUIREMENTS = {
    "cv2": "opencv-python-headless>=4.10,<5",
    "numpy": "numpy>=2.0",
    "onnxruntime": "onnxruntime>=1.20",
    "openvino": "openvino>=2025.3",
    "torch": "torch>=2.6",
}


def runtime_module(module: str, what: str) -> Any:
    """The imported library.

    Args:
        module: Its import name, such as ``cv2``; one of `REQUIREMENTS`, or its name for pip as well.
        what: Who needs it, such as ``the backend opencv``.

    Raises:
        EnvironmentFailed: CTK404 when it is not installed or cannot be imported.
    """
    try:
        return import_module(module)
    except Exception as error:  # a broken installation raises anything
        missing = isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]
        why = "is not installed" if missing else f"cannot be imported: {type(error).__name__}: {error}"
        raise EnvironmentFailed(
            "CTK404",
            f"{what} needs {module}, which {why}",
            notes=[f"install it: pip install '{REQUIREMENTS.get(module, module)}'"],
        ) from error
