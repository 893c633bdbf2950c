"""How many threads a backend computes with."""

from __future__ import annotations

from operator import index
from typing import Any

from toolkit.backends.cores import physical_cores, usable_cpus
from toolkit.errors import EnvironmentFailed, UsageFault


def thread_count(threads: int | None) -> int:
    """The number of threads asked for, or the physical cores.

    Raises:
        UsageFault: CTK601 below 1, or for what is no whole number.
        EnvironmentFailed: CTK407 above the logical processors that this process may use: the surplus would
            only wait, and no figure measured so means anything.
    """
    if threads is None:
        return physical_cores()
    threads = whole_number(threads, "threads")
    usable = len(usable_cpus())
    if threads > usable:
        raise EnvironmentFailed(
            "CTK407",
            f"{threads} threads were asked for, but this process may use {usable} logical processors",
            notes=[f"ask for at most {usable}"],
        )
    return threads


def whole_number(value: Any, what: str) -> int:
    """A number of things, from a caller who may give anything.

    Args:
        value: What was given.
        what: The things, for the message.

    Raises:
        UsageFault: CTK601 below 1, or for what is no whole number, True and False included.
    """
    try:
        if isinstance(value, bool):
            raise TypeError("True and False count things in Python only")
        count = index(value)
    except TypeError as error:
        what = f"the number of {what} must be a whole number, not {value!r}"
        raise UsageFault("CTK601", what) from error
    if count < 1:
        raise UsageFault("CTK601", f"the number of {what} must be at least 1, not {count}")
    return count
