"""Rows in another shape: with other words in their keys and other fields, taken by position. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from exporter.ledger.hours import OpenHour
from exporter.model import Amounts, RowKey, Rows, merge_rows


class RowMove(NamedTuple):
    """The positions at which the words and fields of wanted rows stand in given ones; None where they are not wanted.

    Such a word is empty, and such a field has ``absent`` amounts.
    """

    words: tuple[int | None, ...]
    fields: tuple[int | None, ...]
    absent: int = 0

    def key(self, key: RowKey) -> RowKey:
        """Return a row's key as it is wanted."""
        return key[0], tuple(["" if position is None else key[1][position] for position in self.words])

    def amounts(self, amounts: Amounts) -> Amounts:
        """Return a row's amounts as they are wanted."""
        return tuple([self.absent if position is None else amounts[position] for position in self.fields])

    def rows(self, rows: Rows) -> dict[RowKey, Amounts]:
        """Return rows as they are wanted; those that differ only in what is not wanted are added."""
        moved: dict[RowKey, Amounts] = {}
        for key, amounts in rows.items():
            merge_rows(moved, {self.key(key): self.amounts(amounts)})
        return moved

    def hours(self, hours: Mapping[datetime, OpenHour]) -> dict[datetime, OpenHour]:
        """Return open hours as they are wanted."""
        return {hour: self._hour(known) for hour, known in hours.items()}

    def _hour(self, known: OpenHour) -> OpenHour:
        rows = self.rows(known.rows)
        # The sum of the peaks of rows that are now one may be more than the row ever was.
        has_peak = known.peak is not known.rows and len(rows) == len(known.rows)
        return replace(known, rows=rows, peak=self.rows(known.peak) if has_peak else rows)
