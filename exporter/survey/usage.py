"""Usage by asset and meter over days, weeks or months, from the daily sums of a ledger. Reads, and never writes."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from exporter.books import QueryError
from exporter.catalog import METERS
from exporter.catalog.entry import Metering
from exporter.ledger import EVERYTHING, FILTERED, KEPT_DAYS, DailyFilter, Entry, RosterKey, place_cost
from exporter.model import DISPATCH_PREFIX, DailyKey
from exporter.pricing import DOCUMENTED_MONTH_DAYS, RateCard, quantity_text
from exporter.pricing.tariffs import billed_meter
from exporter.survey.paging import Paging, read_cursor, write_cursor

DAY = timedelta(days=1)
USUAL_DAYS = 30
"""So many days up to today are told if nobody says since when."""

EARLIEST = date.min + 2 * KEPT_DAYS * DAY
"""No day of usage is earlier."""

ORDER = "usage"

Json = dict[str, Any]


class Step(StrEnum):
    """How long a row's time is; weeks begin on Monday, and ``total`` is all of it."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TOTAL = "total"


class UsageBook(Protocol):
    """What is read: the running ledger, or its file."""

    def labels(self) -> dict[str, str]:
        """Give the label of each account, by id."""

    def roster(self, account_id: str) -> Mapping[RosterKey, Entry]:
        """Give every asset of an account."""

    def until(self, account_id: str) -> datetime | None:
        """Give up to when the account's usage is known."""

    def settled_sums(
        self, account_id: str, since: date, until: date, wanted: DailyFilter = EVERYTHING
    ) -> Iterator[tuple[DailyKey, int]]:
        """Give the daily sums of [since, until) without open hours; a key may come more than once."""

    def open_sums(self, account_id: str) -> Mapping[DailyKey, int]:
        """Give what open hours add to the daily sums."""


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """What is asked for: the UTC days [since, until) of some accounts, by id, and of each that is named one of its
    values (empty: all).
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
    """What a row is about, and where it stands: ``since`` is the first day of its time."""

    since: str
    account: str
    project: str
    kind: str
    asset: str
    asset_id: str
    meter: str
    account_id: str


class UsageRow(NamedTuple):
    """What was used in the days [key.since, until), in the unit of the rate card; of other meters in Cloudflare's."""

    key: UsageKey
    until: date
    quantity: Fraction
    unit: str
    product: str


@dataclass(frozen=True, slots=True)
class UsagePage:
    """A page of usage; ``known_until`` is up to when the usage of all these accounts is known."""

    since: date
    until: date
    step: Step
    known_until: datetime | None
    rows: tuple[UsageRow, ...]
    cursor: str | None


def find_usage(query: UsageQuery, book: UsageBook, card: RateCard) -> UsagePage:
    """Give a page of usage by time, account, project, kind, asset and meter. Raises QueryError or StorageError.

    Times are read one by one until the page is full, so a page of days is quick however long ago it begins.
    """
    known = [moment for account_id in query.accounts if (moment := book.until(account_id)) is not None]
    today = max(known).date() if known else EARLIEST
    until = query.until or today + DAY
    since = query.since or (until - USUAL_DAYS * DAY if until > EARLIEST else date.min)
    if since >= until:
        raise QueryError(f"until ({until}) is not after since ({since}).", "Name the day after the last one wanted.")
    after = _after(query.paging.cursor)
    accounts = {account_id: _Account(account_id, query, book, card) for account_id in query.accounts}
    found: list[tuple[UsageKey, date, _Used]] = []
    kept = max(since, today - KEPT_DAYS * DAY)
    for first, end in _times(kept, min(until, today + DAY), query.step):
        if after is not None and str(first) < after.since:
            continue
        used = [pair for account in accounts.values() for pair in account.used(first, end).items()]
        following = used if after is None else [pair for pair in used if pair[0] > after]
        chosen = heapq.nsmallest(query.paging.limit + 1 - len(found), following, key=itemgetter(0))
        found += [(key, end, what) for key, what in chosen]
        if len(found) > query.paging.limit:
            break
    page = found[: query.paging.limit]
    rows = tuple(accounts[key.account_id].row(key, end, what) for key, end, what in page)
    cursor = write_cursor(ORDER, page[-1][0]) if len(found) > len(page) else None
    return UsagePage(since, until, query.step, min(known, default=None), rows, cursor)


def _after(cursor: str) -> UsageKey | None:
    if not cursor:
        return None
    found = read_cursor(ORDER, cursor, UsageKey(*[""] * 8))
    return UsageKey(*map(str, found))


def _times(since: date, until: date, step: Step) -> Iterator[tuple[date, date]]:
    """Give the times of a length, the first and the last cut off at the days that are asked for."""
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


class _Place(NamedTuple):
    """How an asset's usage of a meter is told."""

    project: str
    asset: str
    asset_id: str
    meter: str


class _Used(NamedTuple):
    """An amount of a meter of the catalog."""

    counted: str
    amount: int


class _Account:
    """The usage of one account, as far as it is asked for."""

    def __init__(self, account_id: str, query: UsageQuery, book: UsageBook, card: RateCard) -> None:
        self._id = account_id
        self._query = query
        self._book = book
        self._card = card
        self._label = book.labels()[account_id]
        self._roster = book.roster(account_id)
        self._assets: dict[tuple[str, str], tuple[str, str] | None] = {}
        self._places: dict[tuple[str, str], _Place | None] = {}

    def used(self, since: date, until: date) -> dict[UsageKey, _Used]:
        """Give what was used in the days [since, until)."""
        sums: dict[tuple[str, str], int] = {}
        for (_, asset, counted), amount in self._book.settled_sums(self._id, since, until, self._wanted):
            which = (counted, asset)
            sums[which] = sums.get(which, 0) + amount
        for day, asset, counted, amount in self._open:
            if since <= day < until:
                sums[counted, asset] = sums.get((counted, asset), 0) + amount
        found: dict[UsageKey, _Used] = {}
        text = str(since)
        for which, amount in sums.items():
            if which not in self._places:
                self._places[which] = self._place(*which)
            place = self._places[which]
            if place is not None:
                kind = METERS[which[0]].kind
                key = UsageKey(
                    text, self._label, place.project, kind, place.asset, place.asset_id, place.meter, self._id
                )
                known = found.get(key)
                found[key] = _Used(which[0], amount + (known.amount if known else 0))
        return found

    def row(self, key: UsageKey, until: date, used: _Used) -> UsageRow:
        """Give a row of what was used."""
        how, rate = METERS[used.counted], self._card.meters.get(key.meter)
        quantity = Fraction(used.amount, how.scale * (DOCUMENTED_MONTH_DAYS if how.is_stored else 1))
        return UsageRow(key, until, quantity, rate.unit if rate else "", rate.product if rate else "")

    @cached_property
    def _open(self) -> list[tuple[date, str, str, int]]:
        """Give what the open hours hold, as far as it can be wanted."""
        meters = self._wanted.meters
        return [
            (day, asset, counted, amount)
            for (day, asset, counted), amount in self._book.open_sums(self._id).items()
            if meters is None or counted in meters
        ]

    @cached_property
    def _wanted(self) -> DailyFilter:
        """Give what the ledger need not read; what it reads is looked at again."""
        query = self._query
        meters, assets = None, None
        if query.meters or query.kinds:
            meters = frozenset(counted for counted, how in METERS.items() if self._wants_meter(counted, how))
        if query.projects or query.assets:
            assets = frozenset(
                asset_id for kind, asset_id in self._roster if self._wants_asset(kind, asset_id) is not None
            )
        return DailyFilter(assets, meters)

    def _wants_meter(self, counted: str, how: Metering) -> bool:
        names = {billed_meter(self._card, counted, is_dispatched=is_dispatched) for is_dispatched in (False, True)}
        query = self._query
        return (not query.kinds or how.kind in query.kinds) and (not query.meters or bool(names & query.meters))

    def _wants_asset(self, kind: str, asset_id: str) -> tuple[str, str] | None:
        """Give project and name of an asset that is wanted."""
        which = (kind, asset_id)
        if which not in self._assets:
            query, found = self._query, place_cost(kind, asset_id, self._roster)
            is_wanted = (not query.projects or found.project in query.projects) and (
                not query.assets or bool({found.asset, asset_id} & query.assets)
            )
            self._assets[which] = (found.project, found.asset) if is_wanted else None
        return self._assets[which]

    def _place(self, counted: str, asset_id: str) -> _Place | None:
        how = METERS.get(counted)
        # Of what is stored, the account's own peak is less than the sum of its assets', and no usage of its own.
        if how is None or (how.is_stored and not asset_id and not how.is_of_account):
            return None
        meter = billed_meter(self._card, counted, is_dispatched=asset_id.startswith(DISPATCH_PREFIX))
        query = self._query
        if (query.kinds and how.kind not in query.kinds) or (query.meters and meter not in query.meters):
            return None
        found = self._wants_asset(how.kind, asset_id)
        return _Place(*found, "" if found[1] == FILTERED else asset_id, meter) if found else None


def usage_document(row: UsageRow) -> Json:
    """Give a row as JSON; quantities are text, with nine decimal places at most."""
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
