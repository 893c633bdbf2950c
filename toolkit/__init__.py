"""colorization-toolkit: what everything stands on: errors, artifacts, model cards, colour science, backends, the `ctk` entry point.

`toolkit.load` opens an artifact, or a model by its name, in a backend.
"""

from typing import TYPE_CHECKING, Any

from toolkit.version import __version__

if TYPE_CHECKING:
    from toolkit.backends.opening import load

__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    """Imports the API when it is used, so that importing the package stays cheap."""
    if name == "load":
        from toolkit.backends.opening import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
