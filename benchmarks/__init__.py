"""Stage timing, statistics and parity.

`benchmarks.bench` is the API of measuring, `benchmarks.parity` that of comparing with a reference; `ctk bench` and
`ctk parity` are the same on the command line.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.api import bench
    from benchmarks.parity_api import parity

__all__ = ["bench", "parity"]


def __getattr__(name: str) -> Any:
    """Imports the API when it is used, so that importing the package stays cheap."""
    if name == "bench":
        from benchmarks.api import bench

        return bench
    if name == "parity":
        from benchmarks.parity_api import parity

        return parity
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
