"""Decoding of REST resources: from items to integer amounts by asset and words. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field
from exporter.cloudflare.decode import shown, to_amount
from exporter.cloudflare.errors import Unreachable
from exporter.model import Amounts, RowKey


def read_items(dataset: Dataset, items: Sequence[Mapping[str, Any]], owner: str, what: str) -> dict[RowKey, Amounts]:
    """Return the amounts of each item of a resource; items of a dataset without ids are the ``owner``'s.

    Raises Unreachable, which says ``what`` was read, if an item lacks a value: what cannot be read is not zero.
    """
    rows: dict[RowKey, Amounts] = {}
    for item in items:
        asset = _word(item, dataset.id_dimension, what) if dataset.id_dimension else owner
        words = tuple([_word(item, name, what) for name in dataset.words])
        rows[asset, words] = tuple([_amount(entry, item, what) for entry in dataset.fields])
    return rows


def _word(item: Mapping[str, Any], path: str, what: str) -> str:
    found = _find(item, path)
    if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
        raise Unreachable(f"{what}: the response has no word at {path}, but {shown(found)}.")
    return str(found)


def _amount(entry: Field, item: Mapping[str, Any], what: str) -> int:
    found = _find(item, entry.path)
    try:
        return to_amount(entry, found)
    except (ValueError, ArithmeticError):
        kind = "amount" if entry.fractional else "whole amount"
        raise Unreachable(f"{what}: the response has no {kind} at {entry.path}, but {shown(found)}.") from None


def _find(item: Any, path: str) -> Any:
    """Return the value at a path with dots; None if it is not there."""
    for key in path.split("."):
        item = item.get(key) if isinstance(item, Mapping) else None
    return item
