"""Names what a server sent in place of a file."""

from __future__ import annotations

from toolkit.content import sniff


def unexpected_content(head: bytes) -> str | None:
    """A sentence about content that no released file begins with, or None.

    Args:
        head: The first bytes that arrived.
    """
    kind = sniff(head)
    if kind == "html":
        return "it sent an HTML page, not the file"
    if kind == "git-lfs":
        return "it sent a Git LFS pointer, not the file"
    return None
