"""Markdown tables. Pure."""

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; bars and line breaks in cells are escaped."""
    lines = [_line(heads), _line(["---"] * len(heads)), *(_line(map(_cell, row)) for row in rows)]
    return "\n".join(lines) + "\n"


def code(text: str) -> str:
    """Return a text as code; empty for an empty one."""
    return f"`{text}`" if text else ""


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
