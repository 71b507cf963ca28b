"""Totals: the amounts of each row since its dataset's start, never falling. Pure."""

from collections.abc import Iterable, Mapping
from operator import add
from typing import NamedTuple

from exporter.ledger.hours import Settlement
from exporter.model import Amounts, RowKey, Rows, merge_rows


class RowTotals(NamedTuple):
    """The ledger's figures of one row.

    ``settled`` is the sum of its settled hours and ``total`` the highest sum of settled and open hours so far, both per
    field; ``attributed`` is how much of the total its series have received, per part of the dataset's metrics.
    """

    settled: Amounts
    total: Amounts
    attributed: Amounts


def accrue(
    rows: Mapping[RowKey, RowTotals], settlement: Settlement, fields: int, parts: int
) -> dict[RowKey, RowTotals]:
    """Return the rows that a settlement changes; a new row starts with zeros of ``fields`` and ``parts``."""
    newly_settled = sum_rows(settlement.settled.values())
    still_open = sum_rows(hour.rows for hour in settlement.open.values())
    nothing = (0,) * fields
    unknown = RowTotals(nothing, nothing, (0,) * parts)
    changed: dict[RowKey, RowTotals] = {}
    for key in newly_settled.keys() | still_open.keys():
        row = rows.get(key, unknown)
        settled = row.settled
        if key in newly_settled:
            settled = tuple(map(add, settled, newly_settled[key]))
        seen = settled
        if key in still_open:
            seen = tuple(map(add, settled, still_open[key]))
        total = row.total if seen == row.total else tuple(map(max, row.total, seen))
        if settled is not row.settled or total != row.total:
            changed[key] = RowTotals(settled, total, row.attributed)
    return changed


def sum_rows(hours: Iterable[Rows]) -> dict[RowKey, Amounts]:
    """Return the amounts of each row, summed over some hours or days."""
    summed: dict[RowKey, Amounts] = {}
    for rows in hours:
        merge_rows(summed, rows)
    return summed
