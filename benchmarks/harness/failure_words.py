"""What a document says of a failure, beside its code."""

from __future__ import annotations

from toolkit.errors import CtkError


def failure_words(error: CtkError) -> str:
    """The error's sentence and its notes, in one line; the code has a field of its own."""
    return "; ".join([error.headline.removeprefix(f"{error.code} "), *error.notes])
