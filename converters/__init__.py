"""Conversion of networks from one format to another; one folder per source or target.

`converters.convert` is the API; `ctk convert` is the same on the command line.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from converters.api import convert
    from converters.options import ConvertOptions

__all__ = ["ConvertOptions", "convert"]


def __getattr__(name: str) -> Any:
    """Imports the API when it is used, so that importing the package stays cheap."""
    if name == "convert":
        from converters.api import convert

        return convert
    if name == "ConvertOptions":
        from converters.options import ConvertOptions

        return ConvertOptions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
