"""Usage by asset and meter over days, weeks or months, from the ledger's daily sums. Read-only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol

from exporter.catalog.entry import Metering
from exporter.costs.history import QueryError
from exporter.ledger import EVERYTHING, FILTERED, KEPT_DAYS, DailyFilter, Entry, RosterKey, place_cost
from exporter.model import DAY, DISPATCH_PREFIX, DailyKey
from exporter.pricing import DOCUMENTED_MONTH_DAYS, RateCard, quantity_text
from exporter.pricing.tariffs import billed_meter
from exporter.views.paging import Paging, read_cursor, write_cursor

USUAL_DAYS = 30
"""The number of days up to today that are returned by default."""

EARLIEST = date.min + 2 * KEPT_DAYS * DAY
"""A day before any day of usage."""

ORDER = "usage"

Json = dict[str, Any]


class Step(StrEnum):
    """The length of a row's time span; weeks begin on Monday, and ``total`` is the whole range."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TOTAL = "total"


class UsageBook(Protocol):
    """The data source: the running ledger, or its file."""

    def labels(self) -> dict[str, str]:
        """Return the account labels by id."""

    def roster(self, account_id: str) -> Mapping[RosterKey, Entry]:
        """Return all assets of an account."""

    def until(self, account_id: str) -> datetime | None:
        """Return the time until which the account's usage is known."""

    def settled_sums(
        self, account_id: str, since: date, until: date, wanted: DailyFilter = EVERYTHING
    ) -> Iterator[tuple[DailyKey, int]]:
        """Return the daily sums of [since, until) without open hours; a key may occur more than once."""

    def open_sums(self, account_id: str) -> Mapping[DailyKey, int]:
        """Return the amounts that open hours add to the daily sums."""


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """A query for the UTC days [since, until) of some accounts, by id, filtered by project, kind, asset and meter
    (empty: all).
    """

    accounts: tuple[str, ...]
    since: date | None = None
    until: date | None = None
    step: Step = Step.DAY
    projects: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    assets: frozenset[str] = frozenset()
    meters: frozenset[str] = frozenset()
    paging: Paging = field(default_factory=Paging)


class UsageKey(NamedTuple):
    """The subject and sort key of a row: ``since`` is the first day of its time span."""

    since: str
    account: str
    project: str
    kind: str
    asset: str
    asset_id: str
    meter: str
    account_id: str


class UsageRow(NamedTuple):
    """The usage in the days [key.since, until), in the rate card's unit; of meters that are not on it, Cloudflare's."""

    key: UsageKey
    until: date
    quantity: Fraction
    unit: str
    product: str


@dataclass(frozen=True, slots=True)
class UsagePage:
    """A page of usage; ``known_until`` is the time until which the usage of all its accounts is known."""

    since: date
    until: date
    step: Step
    known_until: datetime | None
    rows: tuple[UsageRow, ...]
    cursor: str | None


def find_usage(query: UsageQuery, book: UsageBook, card: RateCard) -> UsagePage:
    """Return a page of usage by time, account, project, kind, asset and meter. Raises QueryError or StorageError.

    Time spans are read one by one until the page is full, so a page of days is fast however long ago it begins.
    """
    known = [moment for account_id in query.accounts if (moment := book.until(account_id)) is not None]
    today = max(known).date() if known else EARLIEST
    until = query.until or today + DAY
    since = query.since or (until - USUAL_DAYS * DAY if until > EARLIEST else date.min)
    if since >= until:
        raise QueryError(
            f"until ({until}) is not after since ({since}).", "Set until to the day after the last one wanted."
        )
    after = _after(query.paging.cursor)
    accounts = sorted((_Account(account_id, query, book, card) for account_id in query.accounts), key=_Account.place)
    found: list[tuple[UsageKey, date, _Used]] = []
    kept = max(since, today - KEPT_DAYS * DAY)
    for first, end in _times(kept, min(until, today + DAY), query.step):
        text = str(first)
        if after is not None and text < after.since:
            continue
        behind = after._replace(since="") if after is not None and text == after.since else None
        used = chain.from_iterable(account.used(first, end, behind) for account in accounts)
        chosen = islice(used, query.paging.limit + 1 - len(found))
        found += [(key._replace(since=text), end, what) for key, what in chosen]
        if len(found) > query.paging.limit:
            break
    page = found[: query.paging.limit]
    rows = tuple(_row(card, key, end, what) for key, end, what in page)
    cursor = write_cursor(ORDER, page[-1][0]) if len(found) > len(page) else None
    return UsagePage(since, until, query.step, min(known, default=None), rows, cursor)


def _after(cursor: str) -> UsageKey | None:
    if not cursor:
        return None
    found = read_cursor(ORDER, cursor, UsageKey(*[""] * 8))
    return UsageKey(*map(str, found))


def _times(since: date, until: date, step: Step) -> Iterator[tuple[date, date]]:
    """Yield the time spans of a length; the first and the last are cut off at the queried days."""
    first = since
    while first < until:
        match step:
            case Step.DAY:
                end = first + DAY
            case Step.WEEK:
                end = first + timedelta(days=7 - first.weekday())
            case Step.MONTH:
                end = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
            case Step.TOTAL:
                end = until
        yield first, min(end, until)
        first = end


class _Used(NamedTuple):
    """An amount of a meter in the catalog."""

    counted: str
    amount: int


class _Description(NamedTuple):
    """How a meter in the catalog is read, and its names on the card, also for scripts of a dispatch namespace."""

    how: Metering
    name: str
    dispatched: str


_Asset = tuple[str, str]
"""Kind and id of an asset."""


class _Place(NamedTuple):
    """An asset as it is shown; several that are filtered are shown as one."""

    project: str
    kind: str
    asset: str
    asset_id: str


class _Account:
    """The queried usage of one account."""

    def __init__(self, account_id: str, query: UsageQuery, book: UsageBook, card: RateCard) -> None:
        self._id = account_id
        self._query = query
        self._book = book
        self._card = card
        self._label = book.labels()[account_id]
        self._roster = book.roster(account_id)
        self._places: dict[_Asset, _Place | None] = {}

    def place(self) -> tuple[str, str]:
        """Return what orders accounts."""
        return self._label, self._id

    def used(self, since: date, until: date, after: UsageKey | None) -> Iterator[tuple[UsageKey, _Used]]:
        """Yield the usage in the days [since, until) in order, behind a key; keys have no time.

        Only what is yielded is worked out: a page shows a hundred of perhaps twenty thousand rows.
        """
        if after is not None and (after.account, after.account_id) < self.place():
            after = None
        by_asset = self._by_asset(since, until)
        by_place: dict[_Place, list[_Asset]] = {}
        for asset in by_asset:
            place = self._place_of(*asset)
            if place is not None:
                by_place.setdefault(place, []).append(asset)
        for place in sorted(by_place):
            if after is not None and place < _Place(*after[2:6]):
                continue
            used: dict[str, _Used] = {}
            for asset in by_place[place]:
                for counted, amount in by_asset[asset]:
                    meter = self._meter_of(counted, asset[1])
                    if meter is not None:
                        known = used.get(meter)
                        used[meter] = _Used(counted, amount + known.amount if known else amount)
            for meter, what in sorted(used.items()):
                key = UsageKey("", self._label, *place, meter, self._id)
                if after is None or key > after:
                    yield key, what

    def _by_asset(self, since: date, until: date) -> dict[_Asset, list[tuple[str, int]]]:
        """Return the meters, as the catalog has them, and amounts of the days [since, until), by asset."""
        kinds = {counted: told.how.kind for counted, told in self._descriptions.items()}
        found: dict[_Asset, list[tuple[str, int]]] = {}
        for asset_id, counted, amount in self._amounts(since, until):
            kind = kinds.get(counted)
            if kind is not None:
                found.setdefault((kind, asset_id), []).append((counted, amount))
        return found

    def _meter_of(self, counted: str, asset_id: str) -> str | None:
        """Return the meter of the card that counts an asset's usage, or None if it does not match."""
        told = self._descriptions[counted]
        # The account's own peak of a stored quantity is less than the sum of its assets', and not usage of its own.
        if told.how.is_stored and not asset_id and not told.how.is_of_account:
            return None
        meter = told.dispatched if asset_id.startswith(DISPATCH_PREFIX) else told.name
        return meter if not self._query.meters or meter in self._query.meters else None

    def _amounts(self, since: date, until: date) -> Iterator[tuple[str, str, int]]:
        """Yield the amounts of assets and meters, settled and open; some in parts."""
        for (_, asset_id, counted), amount in self._book.settled_sums(self._id, since, until, self._wanted):
            yield asset_id, counted, amount
        for day, amounts in self._open.items():
            if since <= day < until:
                yield from amounts

    @cached_property
    def _open(self) -> dict[date, list[tuple[str, str, int]]]:
        """Return the amounts of assets and meters in open hours, by day."""
        days: dict[date, list[tuple[str, str, int]]] = {}
        for (day, asset_id, counted), amount in self._book.open_sums(self._id).items():
            days.setdefault(day, []).append((asset_id, counted, amount))
        return days

    @cached_property
    def _descriptions(self) -> dict[str, _Description]:
        """Return the meters that can match, with their names."""
        query, found = self._query, {}
        for counted, how in self._card.metering.items():
            name, dispatched = (billed_meter(self._card, counted, is_dispatched=each) for each in (False, True))
            is_wanted = not query.meters or bool({name, dispatched} & query.meters)
            if is_wanted and (not query.kinds or how.kind in query.kinds):
                found[counted] = _Description(how, name, dispatched)
        return found

    @cached_property
    def _wanted(self) -> DailyFilter:
        """Return the filter for reading the ledger; it may admit more than the query."""
        query = self._query
        assets = None
        if query.projects or query.assets:
            assets = frozenset(
                asset_id for kind, asset_id in self._roster if self._place_of(kind, asset_id) is not None
            )
        return DailyFilter(assets, frozenset(self._descriptions))

    def _place_of(self, kind: str, asset_id: str) -> _Place | None:
        """Return where an asset is shown, or None if it does not match."""
        which = (kind, asset_id)
        if which not in self._places:
            query, found = self._query, place_cost(kind, asset_id, self._roster)
            is_wanted = (not query.projects or found.project in query.projects) and (
                not query.assets or bool({found.asset, asset_id} & query.assets)
            )
            shown_id = "" if found.asset == FILTERED else asset_id
            self._places[which] = _Place(found.project, kind, found.asset, shown_id) if is_wanted else None
        return self._places[which]


def _row(card: RateCard, key: UsageKey, until: date, used: _Used) -> UsageRow:
    how, rate = card.metering[used.counted], card.meters.get(key.meter)
    quantity = Fraction(used.amount, how.scale * (DOCUMENTED_MONTH_DAYS if how.is_stored else 1))
    return UsageRow(key, until, quantity, rate.unit if rate else "", rate.product if rate else "")


def usage_document(row: UsageRow) -> Json:
    """Return a row as JSON; quantities are text with at most nine decimal places."""
    key = row.key
    return {
        "since": key.since,
        "until": str(row.until),
        "account": key.account,
        "account_id": key.account_id,
        "project": key.project,
        "kind": key.kind,
        "asset": key.asset,
        "asset_id": key.asset_id,
        "product": row.product,
        "meter": key.meter,
        "quantity": quantity_text(row.quantity),
        "unit": row.unit,
    }
