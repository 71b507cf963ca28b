"""Tables for the terminal."""

import sys
from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from exporter.cli.output import console_for

WIDEST = 1_000
"""Console width: tables are as wide as their cells; a narrower terminal wraps lines, and no figure is cut off."""


def make_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> Table:
    """Return a table whose first ``words`` columns are text and the others numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < words else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def printed(parts: Iterable[Table | Text | str]) -> str:
    """Return the printed text of tables and lines, without trailing blanks."""
    console = console_for(sys.stdout, width=WIDEST)
    with console.capture() as captured:
        for part in parts:
            console.print(Text(part) if isinstance(part, str) else part, soft_wrap=isinstance(part, str))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())
