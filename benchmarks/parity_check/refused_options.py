"""Options of a call of `benchmarks.parity` that would have no effect beside others, and so are refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.parity_check.references import GOLDEN
from toolkit.errors import UsageFault


def refuse_ignored(
    reference: str, *, images: Sequence[Path | str], preset: str | None, load: Path | None
) -> None:
    """Checks that pictures and preset are not given where inputs are stored.

    Args:
        reference: As the user states it.
        images: Pictures.
        preset: Of pre- and postprocessing; None where it was not stated.
        load: Folder of a saved run.

    Raises:
        UsageFault: CTK601 for what would be ignored.
    """
    given = "--images" if images else "--preset" if preset is not None else None
    if given is None:
        return
    if load is not None:
        raise UsageFault("CTK601", f"--load and {given} exclude each other: the saved run has its own inputs")
    if reference.startswith(GOLDEN):
        raise UsageFault("CTK601", f"golden: and {given} exclude each other: the folder has its own inputs")
