"""Plain tables on standard output: columns on a terminal, and never cut off in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

# Wide enough for every row of ours: in a pipe, rows must stay single lines.
_WIDTH_OF_A_PIPE = 1000


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Prints a table on standard output.

    Args:
        heads: Column titles.
        rows: Cells, as many in each row as there are titles.
        right: Numbers of the columns that hold figures, from 0 on.
    """
    from rich.console import Console
    from rich.text import Text

    table = plain_table(heads, [[Text(cell) for cell in row] for row in rows], right)
    width = None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE
    Console(file=sys.stdout, width=width, highlight=False, markup=False).print(table)


def plain_table(heads: Sequence[str], rows: Iterable[Iterable[Text]], right: Sequence[int]) -> Table:
    """A table without lines, whose cells fold where they are too wide; arguments as of `print_table`."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
