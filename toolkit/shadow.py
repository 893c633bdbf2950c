"""Refuses to start when another distribution's package hides one of ours.

The packages bear the plain names of DESIGN §2 (`toolkit`, `converters` ...), which others may use too.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from toolkit.errors import EnvironmentFailed

ROOMS = ("toolkit", "converters", "benchmarks", "reports")


def refuse_shadowed_packages() -> None:
    """Checks that all four packages come from the folder that this module comes from.

    Raises:
        EnvironmentFailed: CTK405 naming the package, and where the wrong one was found.
    """
    home = Path(__file__).resolve().parent.parent
    for room in ROOMS:
        spec = find_spec(room)
        origin = Path(spec.origin).resolve() if spec is not None and spec.origin is not None else None
        if origin is None or origin != home / room / "__init__.py":
            raise EnvironmentFailed(
                "CTK405",
                f"the package {room!r} is not ctk's: "
                + (
                    f"another one was found at {origin.parent}"
                    if origin
                    else "it is missing or has no __init__.py"
                ),
                notes=[
                    f"ctk's own is expected in {home / room}",
                    "use a virtual environment of its own for colorization-toolkit, or start ctk in another folder",
                ],
            )
