"""Starts `ctk`, after checking that the package `toolkit` is ctk's own.

The rooms of the project bear plain names that another distribution, or a folder in which a user starts
Python, may bear too. Whatever hides `toolkit` would hide the program before it could complain, so this one
module has a name of its own; `toolkit.shadow` looks after the other rooms.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

_EXIT_ENVIRONMENT = 4
_MARK = "colorization-toolkit"


def foreign_toolkit(home: Path) -> Path | None:
    """Where a package `toolkit` that is not ctk's lies, or None when it is ctk's.

    Args:
        home: The folder that holds this module, and ctk's packages beside it.
    """
    spec = find_spec("toolkit")
    origin = Path(spec.origin) if spec is not None and spec.origin is not None else home / "toolkit"
    expected = home / "toolkit" / "__init__.py"
    if origin.resolve() != expected.resolve():
        return origin.parent
    # A distribution installed later may have written its own file over ours.
    return None if _MARK in expected.read_text(encoding="utf-8", errors="replace") else origin.parent


def main() -> None:
    """Runs `ctk`; ends with 4 and the error CTK405 when something hides `toolkit`."""
    home = Path(__file__).resolve().parent
    foreign = foreign_toolkit(home)
    if foreign is not None:
        sys.stderr.write(
            f"error: CTK405 the package 'toolkit' is not ctk's: another one was found at {foreign}\n"
            f"note: ctk's own is expected in {home / 'toolkit'}\n"
            "note: use a virtual environment of its own for colorization-toolkit, or start ctk in another folder\n"
        )
        sys.exit(_EXIT_ENVIRONMENT)
    from toolkit.__main__ import main as run

    run()


if __name__ == "__main__":
    main()
