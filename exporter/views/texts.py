"""Texts whose hashes are values of labels, as documents and rows of tables. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from exporter.catalog.entry import HASH_DIGITS, text_digest
from exporter.metrics.label_texts import LabelTexts
from exporter.views.paging import Order, in_order


class TextRow(NamedTuple):
    """A text and its ``digest``, of which the value of the label is the beginning."""

    account: str
    account_id: str
    product: str
    dataset: str
    label: str
    digest: str
    text: str

    @property
    def value(self) -> str:
        """Return the value of the label."""
        return self.digest[:HASH_DIGITS]


def text_rows(texts: Iterable[LabelTexts], labels: Mapping[str, str]) -> Order[TextRow]:
    """Return the texts by account, product, dataset, label and value; ``labels`` are by account id."""
    rows = {
        TextRow(labels[each.account_id], each.account_id, each.product, each.dataset, each.label, digest, text)
        for each in texts
        if each.account_id in labels
        for text in each.texts
        for digest in (text_digest(text),)
    }
    # Texts may be long, and cursors have to fit into an address.
    return in_order(rows, lambda row: row[:-1], "texts")


def text_document(row: TextRow) -> dict[str, Any]:
    """Return a text as JSON."""
    return {
        "account": row.account,
        "account_id": row.account_id,
        "product": row.product,
        "dataset": row.dataset,
        "label": row.label,
        "value": row.value,
        "text": row.text,
    }
