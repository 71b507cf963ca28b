"""The texts whose hashes are values of labels. Pure."""

from collections.abc import Iterable, Mapping

from exporter.catalog.dataset import Dataset
from exporter.ledger.roster import FILTERED, Entry, RosterKey, place_row
from exporter.model import OTHER, RowKey

Texts = Mapping[str, frozenset[str]]
"""Texts by the name of their label."""


def find_texts(dataset: Dataset, rows: Iterable[RowKey], roster: Mapping[RosterKey, Entry]) -> Texts:
    """Return the texts in the rows of a dataset; those of assets whose names are not published are not told."""
    if not dataset.texts:
        return {}
    told: dict[str, bool] = {}
    found: set[tuple[str, ...]] = set()
    for asset, words in rows:
        if asset not in told:
            placement = place_row(dataset.kind, asset, roster)
            told[asset] = placement is not None and placement.asset != FILTERED
        if told[asset]:
            found.add(words)
    return {
        label.name: frozenset(words[dataset.words.index(label.dimension)] for words in found)
        - ({"", OTHER} if label.top else {""})
        for label in dataset.texts
    }
