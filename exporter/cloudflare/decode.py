"""Decoding of GraphQL answers: from rows to integer amounts by hour, asset and labels. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import ROWS, Field
from exporter.cloudflare.errors import Unreachable
from exporter.model import (
    DISPATCH_PREFIX,
    NAME_PREFIX,
    OTHER,
    Amounts,
    RowKey,
    floor_minute,
    merge_rows,
    parse_time,
)

HourRows = dict[datetime, dict[RowKey, Amounts]]

BEYOND = 2**64
"""No number of Cloudflare's is as large: its counts are of the type ``uint64``."""

SHOWN_CHARACTERS = 40
"""How much of an unexpected value an error shows."""


class Fold(NamedTuple):
    """How the words of a dimension are folded: all but those ``kept`` are one. Rows of the rest do not have it."""

    dimension: str
    kept: frozenset[str]
    is_rest: bool

    def word(self, name: str, dimensions: Mapping[str, Any]) -> str:
        """Return a row's word of a dimension."""
        if name == self.dimension and self.is_rest:
            return OTHER
        word = _word(dimensions, name)
        return word if name != self.dimension or word in self.kept else OTHER


def decode_rows(
    dataset: Dataset,
    rows: Sequence[Mapping[str, Any]],
    since: datetime,
    missing: frozenset[str] = frozenset(),
    grain: str = "datetimeHour",
    *,
    owner: str = "",
    elsewhere: frozenset[str] = frozenset(),
    fold: Fold | None = None,
) -> HourRows:
    """Return the amounts of each asset and label set by hour, or by day; rows with the same key are added.

    Fields ``missing`` from the plan are 0 in what is counted, else UNKNOWN; those asked ``elsewhere`` are 0, so that
    the amounts of both add up. Rows without a time, for want of a ``grain``, are filed under ``since``; those of a
    dataset without ids are the ``owner``'s. Words are folded as ``fold`` says. Raises Unreachable if a row lacks a
    requested value.
    """
    decoded: HourRows = {}
    given = dict.fromkeys(missing, dataset.timing.absent) | dict.fromkeys(elsewhere, 0)
    left_out = {fold.dimension} if fold is not None and fold.is_rest else set()
    is_grouped = bool(grain or set(dataset.dimensions) - left_out)
    hours: dict[str, datetime] = {} if grain else {"": since}
    try:
        for row in rows:
            dimensions = row["dimensions"] if is_grouped else {}
            text = dimensions[grain] if grain else ""
            hour = hours.get(text)
            if hour is None:
                hour = hours[text] = parse_time(text)
            key = _row_key(dataset, dimensions, owner, fold)
            amounts = tuple(
                [given[entry.name] if entry.name in given else _amount(entry, row) for entry in dataset.fields]
            )
            merge_rows(decoded.setdefault(hour, {}), {key: amounts})
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise Unreachable(f"{dataset.name}: unexpected row in Cloudflare's answer ({error!r}).") from error
    return decoded


def check_hours(dataset: Dataset, hours: Iterable[datetime], since: datetime, until: datetime) -> None:
    """Raise Unreachable if rows are of other hours (or days) than those asked about, in [since, until)."""
    strange = next((hour for hour in hours if not since <= hour < until), None)
    if strange is not None:
        raise Unreachable(
            f"{dataset.name}: Cloudflare's answer has a row of {strange:%Y-%m-%d %H:%M}, which was not asked about "
            f"({since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M})."
        )


def decode_interval(dataset: Dataset, rows: Sequence[Mapping[str, Any]]) -> Decimal:
    """Return the sample interval of the rows: the largest ``avg.sampleInterval``, at least 1.

    Raises Unreachable if one is not a number that can be one.
    """
    averages = [row.get("avg") for row in rows if isinstance(row, Mapping)]
    found = [average.get("sampleInterval") for average in averages if isinstance(average, Mapping)]
    try:
        return max((_number("sampleInterval", number) for number in found if number is not None), default=Decimal(1))
    except ValueError as error:
        raise Unreachable(f"{dataset.name}: unexpected row in Cloudflare's answer ({error!r}).") from error


def decode_ids(dataset: Dataset, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return each row's asset id. Raises Unreachable if a row lacks it."""
    try:
        return [str(row["dimensions"][dataset.id_dimension]) for row in rows] if dataset.id_dimension else []
    except (KeyError, TypeError) as error:
        raise Unreachable(f"{dataset.name}: unexpected row in Cloudflare's answer ({error!r}).") from error


def decode_names(dataset: Dataset, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the names that decoded rows have beside the ids of their assets, by id, if the dataset has both."""
    if not dataset.id_dimension or not dataset.name_dimension:
        return {}
    found = ((row["dimensions"][dataset.id_dimension], row["dimensions"].get(dataset.name_dimension)) for row in rows)
    spell = dataset.spell or str
    return {spell(str(asset)): name for asset, name in found if asset and isinstance(name, str) and name}


def decode_newest(rows: Sequence[Mapping[str, Any]], time: str) -> datetime | None:
    """Return the newest minute with data, from the time dimension ``time``; None if the answer has none."""
    try:
        return floor_minute(parse_time(rows[0]["dimensions"][time])) if rows else None
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def _row_key(dataset: Dataset, dimensions: Mapping[str, Any], owner: str, fold: Fold | None) -> RowKey:
    if fold is None:
        words = tuple([_word(dimensions, name) for name in dataset.words])
    else:
        words = tuple([fold.word(name, dimensions) for name in dataset.words])
    dispatch = dimensions[dataset.dispatch_dimension] if dataset.dispatch_dimension else ""
    if dispatch:
        return DISPATCH_PREFIX + _word(dimensions, dataset.dispatch_dimension), words
    asset = _word(dimensions, dataset.id_dimension) if dataset.id_dimension else owner
    if asset and dataset.spell is not None:
        asset = dataset.spell(asset)
    if not asset and dataset.name_dimension and dimensions[dataset.name_dimension]:
        asset = NAME_PREFIX + _word(dimensions, dataset.name_dimension)
    return asset, words


def _word(dimensions: Mapping[str, Any], name: str) -> str:
    """Return a dimension as text. Raises ValueError if it is no single value."""
    value = dimensions[name]
    if isinstance(value, Mapping | list):
        raise ValueError(f"{name} is {shown(value)}, not a word")
    return str(value)


def _amount(entry: Field, row: Mapping[str, Any]) -> int:
    if entry.group == ROWS:
        return 1
    return to_amount(entry, (row[entry.group] if entry.group else row)[entry.name])


def to_amount(entry: Field, value: Any) -> int:
    """Return a field's number as an amount. Raises ValueError or ArithmeticError if it is none."""
    number = _number(entry.name, value)
    if entry.fractional:
        return int((number * entry.scale).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    whole = int(number)
    if whole != number:
        raise ValueError(f"{entry.name} is {shown(number)}, not a whole number")
    return whole


def _number(name: str, value: Any) -> Decimal:
    """Return a number of an answer. Raises ValueError if it is none, negative, or larger than any of Cloudflare's."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        raise ValueError(f"{name} is {shown(value)}, not a number")
    number = Decimal(value)
    if not number.is_finite() or not 0 <= number < BEYOND:
        raise ValueError(f"{name} is {shown(value)}, out of range")
    return number


def shown(value: Any) -> str:
    """Return an unexpected value as an error shows it."""
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    text = str(Decimal(value)) if is_number else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
