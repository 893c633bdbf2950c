"""How wide numbers are, by NumPy's names of element types."""

from __future__ import annotations

import re

_WIDTH = re.compile(r"(?:bfloat|float|uint|int)(\d+)")


def bits_of(dtype: str) -> int:
    """Bits of a number, such as 32 for ``float32``; 8 for ``bool``; 0 for what has no width of its own."""
    found = _WIDTH.match(dtype)
    return int(found[1]) if found else 8 if dtype == "bool" else 0
