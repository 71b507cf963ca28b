"""The texts whose hashes are values of labels, as a table. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.exposition.page.status import Column, Table
from exporter.views import Paging, TextRow, Views

TEXTS_ON_PAGE = 250
CHARACTERS = 200
"""How much of a long text is shown."""

COLUMNS: Sequence[Column[TextRow]] = (
    Column("Account", lambda row: row.account),
    Column("Product", lambda row: row.product),
    Column("Dataset", lambda row: row.dataset),
    Column("Label", lambda row: row.label),
    Column("Value", lambda row: row.value),
    Column("Text", lambda row: _cut(row.text), whole=lambda row: row.text if _cut(row.text) != row.text else ""),
)


@dataclass(frozen=True, slots=True)
class Texts:
    """The first texts, and the number of all."""

    table: Table[TextRow]
    total: int

    @property
    def has_more(self) -> bool:
        """Return whether only the API tells all."""
        return self.total > len(self.table.entries)


def show_texts(views: Views) -> Texts:
    """Return the texts."""
    page = views.texts.page(Paging(TEXTS_ON_PAGE))
    return Texts(Table("Texts behind labels", COLUMNS, page.rows, lambda row: False), page.total)


def _cut(text: str) -> str:
    return text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1]}…"
