"""What the ledger publishes: label sets with their amounts, the accounts' names and their assets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from exporter.catalog.entry import Dataset
from exporter.ledger.book import Book, BookState
from exporter.ledger.readings import ReadingBook, Readings, published_readings
from exporter.ledger.roster import Entry, RosterKey
from exporter.ledger.series import Placement, SeriesKey


@dataclass(frozen=True, slots=True)
class PublishedBook:
    """One dataset of one account as it is to be published: label sets (project, asset, labels) with their amounts.

    Usage has a ``state``; states and windows have ``readings``.
    """

    account: str
    dataset: Dataset
    state: BookState | None
    readings: Readings | None
    series: tuple[tuple[Placement, SeriesKey, int], ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """All that the ledger publishes, as of its commit ``revision``; ``list_costs`` are in parts of a ``USD``."""

    revision: int
    accounts: Mapping[str, str]
    books: tuple[PublishedBook, ...]
    assets: Mapping[str, tuple[Entry, ...]]
    used: Mapping[str, Mapping[RosterKey, datetime]]
    list_costs: tuple[PublishedBook, ...] = ()


def publish_book(account: str, book: Book) -> PublishedBook:
    """Give what is counted of a dataset, as it is published."""
    series = tuple(
        (placement, key, series.amount) for placement, there in book.series.items() for key, series in there.items()
    )
    return PublishedBook(account, book.dataset, book.state, None, series)


def publish_list_cost(account: str, book: Book, *, with_assets: bool) -> PublishedBook:
    """Give what a dataset's usage costs at list price, by asset or by project."""
    published = publish_book(account, book)
    wanted = tuple(each for each in published.series if bool(each[0].asset) is with_assets)
    return replace(published, series=wanted)


def publish_readings(
    account: str, book: ReadingBook, roster: Mapping[RosterKey, Entry], now: datetime | None
) -> PublishedBook:
    """Give what a state or window dataset says, as it is published."""
    series = published_readings(book, roster, now)
    triples = tuple((placement, key, amount) for (placement, key), amount in series.items())
    return PublishedBook(account, book.dataset, None, book.state, triples)
