"""Versions of ctk, of Python, of libraries and runtimes, and the BLAS libraries that are loaded."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.environment.reading import Group, Unknown
from benchmarks.machine import LIBRARIES, library_version
from toolkit.version import __version__

_SET_BY_THREADPOOLCTL = "KMP_DUPLICATE_LIB_OK"
# What threadpoolctl tells of a library, but for the path of its file.
_TOLD = ("user_api", "internal_api", "version", "num_threads", "threading_layer", "architecture")


def read_software(runtime_versions: Mapping[str, str]) -> Group:
    """Versions of everything, and the thread pools that are loaded in this process.

    Args:
        runtime_versions: By backend, as the runtimes say it themselves.
    """
    return {
        "ctk": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": {name: library_version(name) for name in LIBRARIES},
        "runtimes": dict(runtime_versions) or Unknown("no runtime was loaded yet"),
        "blas": _blas(),
        "thread_pools": _thread_pools(),
    }


def _blas() -> dict[str, str] | Unknown:
    """The BLAS that NumPy was built with; its paths are left out."""
    import numpy as np

    try:
        built: Any = np.show_config(mode="dicts")
        found = built["Build Dependencies"]["blas"]
        return {"name": str(found["name"]), "version": str(found["version"])}
    except (TypeError, KeyError):
        return Unknown("numpy does not tell it")


def _thread_pools() -> list[dict[str, Any]] | Unknown:
    """OpenMP and BLAS libraries in this process, with the number of threads that is in force."""
    before = os.environ.get(_SET_BY_THREADPOOLCTL)
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return Unknown("threadpoolctl is not installed")
    finally:
        if before is None:  # looking must change nothing
            os.environ.pop(_SET_BY_THREADPOOLCTL, None)
    try:
        return [{key: pool[key] for key in _TOLD if key in pool} for pool in threadpool_info()]
    except (OSError, RuntimeError, AttributeError) as error:
        return Unknown(f"{sys.platform}: threadpoolctl cannot look: {type(error).__name__}")
