"""Where a rendering is written to: a terminal, narrow or wide, or a file or pipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from toolkit.commands.table import plain_table
from toolkit.errors import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# In a pipe rows stay single lines, whatever their length.
_WIDTH_OF_A_PIPE = 1000
_WIDE = 118


@dataclass(frozen=True, slots=True)
class Cell:
    """Text of a table with its look.

    Attributes:
        text: What it says.
        style: Of rich, for terminals only.
    """

    text: str
    style: str = ""


class Canvas:
    """A stream that takes lines and tables.

    Args:
        stream: Where to.
        width: Columns; those of the terminal, or no bound elsewhere, when None.
    """

    def __init__(self, stream: TextIO, width: int | None = None) -> None:
        from rich.console import Console

        self.terminal = stream.isatty()
        columns = width if width is not None or self.terminal else _WIDTH_OF_A_PIPE
        self._console: Console = Console(
            file=stream, width=columns, highlight=False, markup=False, emoji=False
        )
        self.bar_mark = "█" if "utf" in (getattr(stream, "encoding", None) or "utf-8").lower() else "#"

    @property
    def wide(self) -> bool:
        """Whether a table of all columns has room."""
        return self._console.width >= _WIDE

    def line(self, text: str = "", style: str = "") -> None:
        """Writes a paragraph: wrapped on a terminal, one line elsewhere."""
        self._console.print(_text(Cell(text, style)), soft_wrap=not self.terminal)

    def head(self, text: str) -> None:
        """Writes the title of a section, after an empty line."""
        self.line()
        self.line(text, "bold")

    def table(
        self, heads: Sequence[str], rows: Sequence[Sequence[str | Cell]], right: Sequence[int] = ()
    ) -> None:
        """Writes a table.

        Args:
            heads: Column titles.
            rows: Cells, as many in each row as there are titles.
            right: Numbers of the columns that hold figures, from 0 on.
        """
        cells = [[_text(cell if isinstance(cell, Cell) else Cell(cell)) for cell in row] for row in rows]
        self._console.print(plain_table(heads, cells, right))

    def struck(self, text: str) -> Cell:
        """Text that is struck through: by its look on a terminal, by signs elsewhere."""
        # A terminal without any looks (TERM=dumb) has no colour system either.
        styled = self._console.is_terminal and self._console.color_system is not None
        return Cell(text, "strike red") if styled else Cell(f"~~{text}~~")


def _text(cell: Cell) -> Text:
    from rich.text import Text

    text = Text(printable(cell.text))
    text.stylize(cell.style)  # not as the style of the whole, which would go on into the padding
    return text
