"""One delivery of several: what one cannot be written costs none of the others."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.errors import CtkError, EnvironmentFailed


def attempt(failures: list[CtkError], action: Callable[[], object]) -> None:
    """Does something, and notes why it could not be done.

    Args:
        failures: Takes the error; CTK402 for standard output, which has no error of its own.
        action: What to do.
    """
    try:
        action()
    except CtkError as error:
        failures.append(error)
    except OSError as error:
        failures.append(EnvironmentFailed("CTK402", f"no space to write standard output: {error.strerror}"))
