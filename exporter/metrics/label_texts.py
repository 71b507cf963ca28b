"""The texts of each published dataset whose hashes are values of labels. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.ledger.publication import PublishedBook


class LabelTexts(NamedTuple):
    """The texts of one label of a dataset in an account; ``dataset`` is its published name."""

    account_id: str
    product: str
    dataset: str
    label: str
    texts: frozenset[str]


def find_label_texts(
    books: Iterable[PublishedBook], products: Mapping[str, str], wants_metric: Callable[[str], bool]
) -> tuple[LabelTexts, ...]:
    """Return the texts of all labels of wanted metrics; ``products`` are names of products by the key of a dataset."""
    return tuple(
        LabelTexts(book.account_id, products[book.dataset.key], book.dataset.published_name, label, texts)
        for book in books
        if book.texts
        for label, texts in book.texts.items()
        if texts and _is_wanted(book.dataset, label, wants_metric)
    )


def _is_wanted(dataset: Dataset, label: str, wants_metric: Callable[[str], bool]) -> bool:
    return any(label in metric.labels and wants_metric(metric.family or metric.name) for metric in dataset.metrics)
