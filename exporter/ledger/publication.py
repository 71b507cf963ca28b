"""The ledger's publication: label sets with their amounts, the accounts' names and their assets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from exporter.catalog.dataset import Dataset
from exporter.ledger.counters import Counters, CounterState
from exporter.ledger.false_time import shown, shown_gauges
from exporter.ledger.gauges import Gauges, GaugeState, current_readings
from exporter.ledger.label_texts import Texts, find_texts
from exporter.ledger.roster import Entry, RosterKey
from exporter.ledger.series import SeriesKey
from exporter.model import ZONE, BookKey, Placement, Rows, Scope, Traits

Folded = Mapping[tuple[str, str], Collection[str]]
"""The ids of folded assets by account id and kind."""


@dataclass(frozen=True, slots=True)
class PublishedBook:
    """One dataset of one scope as published: label sets (project, asset, labels) with their amounts.

    Usage has ``state``; states and windows have ``readings``. ``folded`` are the totals of the rows of folded assets,
    which their shared series don't tell. ``texts`` are those whose hashes are values of its labels.
    """

    scope: Scope
    dataset: Dataset
    state: CounterState | None
    readings: GaugeState | None
    series: tuple[tuple[Placement, SeriesKey, int], ...]
    folded: Rows = field(default_factory=dict)
    texts: Texts = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        """The account of the scope."""
        return self.scope.account_id


@dataclass(frozen=True, slots=True)
class Publication:
    """Everything the ledger publishes, as of its commit ``commit_number``.

    ``list_costs`` are in parts of a ``USD``; ``accounts`` are labels by account id, ``zones`` names by zone id.
    ``gaps`` is the time whose usage is lost of zones that left their account. ``traits`` are those of the newest lists.
    """

    commit_number: int
    accounts: Mapping[str, str]
    books: tuple[PublishedBook, ...]
    assets: Mapping[str, tuple[Entry, ...]]
    used: Mapping[str, Mapping[RosterKey, datetime]]
    list_costs: tuple[PublishedBook, ...] = ()
    zones: Mapping[str, str] = field(default_factory=dict)
    gaps: Mapping[BookKey, timedelta] = field(default_factory=dict)
    traits: Mapping[str, Mapping[RosterKey, Traits]] = field(default_factory=dict)

    def labels_of(self, scope: Scope, dataset: str) -> tuple[str, str, str]:
        """Return the labels of what is published about a dataset: account, dataset and zone (empty: the account's)."""
        return self.accounts[scope.account_id], dataset, self.zones.get(scope.zone_id, scope.zone_id)


def name_zones(rosters: Mapping[str, Mapping[RosterKey, Entry]]) -> dict[str, str]:
    """Return the names of all zones by id."""
    return {
        zone_id: entry.asset.name
        for roster in rosters.values()
        for (kind, zone_id), entry in roster.items()
        if kind == ZONE and entry.asset.name
    }


def find_folded(rosters: Mapping[str, Mapping[RosterKey, Entry]]) -> Folded:
    """Return the ids of all folded assets by account id and kind."""
    found: dict[tuple[str, str], set[str]] = {}
    for account_id, roster in rosters.items():
        for (kind, asset_id), entry in roster.items():
            if entry.is_folded:
                found.setdefault((account_id, kind), set()).add(asset_id)
    return found


def publish_book(
    scope: Scope, book: Counters, folded: Folded, roster: Mapping[RosterKey, Entry], latest: datetime | None = None
) -> PublishedBook:
    """Return the published book of a dataset's counters, with no time after ``latest``."""
    series = tuple(
        (placement, key, series.amount) for placement, there in book.series.items() for key, series in there.items()
    )
    of_kind = folded.get((scope.account_id, book.dataset.kind))
    totals = {key: row.total for key, row in book.rows.items() if key[0] in of_kind} if of_kind else {}
    texts = find_texts(book.dataset, book.rows, roster)
    return PublishedBook(scope, book.dataset, shown(book, latest), None, series, totals, texts)


def publish_list_costs(
    costs: Mapping[BookKey, Counters], rosters: Mapping[str, Mapping[RosterKey, Entry]], *, with_assets: bool
) -> tuple[PublishedBook, ...]:
    """Return the published books of list cost, by asset or by project."""
    folded = find_folded(rosters)
    published = [
        publish_book(key.scope, book, folded, rosters.get(key.scope.account_id, {}))
        for key, book in costs.items()
        if book.state
    ]
    return tuple(
        replace(each, series=tuple(one for one in each.series if bool(one[0].asset) is with_assets))
        for each in published
    )


def publish_books(
    usage: Mapping[BookKey, Counters],
    gauges: Mapping[BookKey, Gauges],
    rosters: Mapping[str, Mapping[RosterKey, Entry]],
    now: datetime | None,
    latest: datetime | None = None,
) -> tuple[PublishedBook, ...]:
    """Return the published books of counters and gauges; windows that are too old at ``now`` are left out.

    No time after ``latest`` is shown.
    """
    folded = find_folded(rosters)
    return (
        *(
            publish_book(key.scope, book, folded, rosters.get(key.scope.account_id, {}), latest)
            for key, book in usage.items()
            if book.state
        ),
        *(
            publish_gauges(key.scope, book, rosters.get(key.scope.account_id, {}), now, latest)
            for key, book in gauges.items()
        ),
    )


def publish_gauges(
    scope: Scope,
    book: Gauges,
    roster: Mapping[RosterKey, Entry],
    now: datetime | None,
    latest: datetime | None = None,
) -> PublishedBook:
    """Return the published book of a state or window dataset."""
    series = current_readings(book, roster, now)
    triples = tuple((placement, key, amount) for (placement, key), amount in series.items())
    texts = find_texts(book.dataset, book.rows, roster)
    return PublishedBook(scope, book.dataset, None, shown_gauges(book, latest), triples, texts=texts)
