"""What every session shares: a ``with`` block ends by closing it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class ClosedOnExit(ABC):
    """A session that closes itself at the end of a ``with`` block."""

    @abstractmethod
    def close(self) -> None:
        """Frees what the session holds; a second call does nothing."""

    def __enter__(self) -> Self:
        """The session itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the session."""
        self.close()
