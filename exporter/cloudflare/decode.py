"""Decoding of GraphQL answers: from rows to integer amounts by hour, asset and labels. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import ROWS, Field
from exporter.cloudflare.errors import Unreachable
from exporter.model import DISPATCH_PREFIX, NAME_PREFIX, Amounts, RowKey, floor_minute, merge_rows, parse_time

HourRows = dict[datetime, dict[RowKey, Amounts]]


def decode_rows(
    dataset: Dataset,
    rows: Sequence[Mapping[str, Any]],
    since: datetime,
    missing: frozenset[str] = frozenset(),
    grain: str = "datetimeHour",
    *,
    owner: str = "",
) -> HourRows:
    """Return the amounts of each asset and label set by hour, or by day; rows with the same key are added.

    Fields ``missing`` from the plan are 0 in what is counted, else UNKNOWN. Rows without a time, for want of a
    ``grain``, are filed under ``since``; those of a dataset without ids are the ``owner``'s. Raises Unreachable if a
    row lacks a requested value.
    """
    decoded: HourRows = {}
    absent = dataset.timing.absent
    is_grouped = bool(grain or dataset.dimensions)
    hours: dict[str, datetime] = {} if grain else {"": since}
    try:
        for row in rows:
            dimensions = row["dimensions"] if is_grouped else {}
            text = dimensions[grain] if grain else ""
            hour = hours.get(text)
            if hour is None:
                hour = hours[text] = parse_time(text)
            key = _row_key(dataset, dimensions, owner)
            amounts = tuple([_amount(entry, row) if entry.name not in missing else absent for entry in dataset.fields])
            merge_rows(decoded.setdefault(hour, {}), {key: amounts})
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise Unreachable(f"{dataset.name}: unexpected row in Cloudflare's answer ({error!r}).") from error
    return decoded


def decode_interval(rows: Sequence[Mapping[str, Any]]) -> Decimal:
    """Return the sample interval of the rows: the largest ``avg.sampleInterval``, at least 1."""
    averages = [row.get("avg") for row in rows if isinstance(row, Mapping)]
    found = [average.get("sampleInterval") for average in averages if isinstance(average, Mapping)]
    return max((Decimal(number) for number in found if isinstance(number, int | Decimal)), default=Decimal(1))


def decode_ids(dataset: Dataset, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return each row's asset id. Raises Unreachable if a row lacks it."""
    try:
        return [str(row["dimensions"][dataset.id_dimension]) for row in rows] if dataset.id_dimension else []
    except (KeyError, TypeError) as error:
        raise Unreachable(f"{dataset.name}: unexpected row in Cloudflare's answer ({error!r}).") from error


def decode_newest(rows: Sequence[Mapping[str, Any]], time: str) -> datetime | None:
    """Return the newest minute with data, from the time dimension ``time``; None if the answer has none."""
    try:
        return floor_minute(parse_time(rows[0]["dimensions"][time])) if rows else None
    except (KeyError, TypeError, ValueError):
        return None


def _row_key(dataset: Dataset, dimensions: Mapping[str, Any], owner: str) -> RowKey:
    words = tuple([str(dimensions[name]) for name in dataset.words])
    dispatch = dimensions[dataset.dispatch_dimension] if dataset.dispatch_dimension else ""
    if dispatch:
        return DISPATCH_PREFIX + str(dispatch), words
    asset = str(dimensions[dataset.id_dimension]) if dataset.id_dimension else owner
    if not asset and dataset.name_dimension and dimensions[dataset.name_dimension]:
        asset = NAME_PREFIX + str(dimensions[dataset.name_dimension])
    return asset, words


def _amount(entry: Field, row: Mapping[str, Any]) -> int:
    if entry.group == ROWS:
        return 1
    number = (row[entry.group] if entry.group else row)[entry.name]
    if entry.fractional:
        return int((Decimal(number) * entry.scale).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    whole = int(number)
    if whole != number:
        raise ValueError(f"{entry.name} is {number}, not a whole number")
    return whole
