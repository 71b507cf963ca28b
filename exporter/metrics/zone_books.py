"""The books of an account's zones, without the series that several share: label sets have no zone id. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from exporter.ledger.publication import PublishedBook
from exporter.ledger.series import SeriesKey
from exporter.model import Placement


def join_zones(books: Iterable[PublishedBook]) -> list[PublishedBook]:
    """Return books in which no label set is twice.

    Zones of one label set are a zone that was deleted and made again, and those that are filtered: they are added, or
    for windows the highest is taken, as for other assets. What is added has been counted since the earliest of them.
    """
    joined: list[PublishedBook] = []
    alike: dict[tuple[str, str], list[PublishedBook]] = {}
    for book in books:
        if book.scope.zone_id:
            alike.setdefault((book.account_id, book.dataset.key), []).append(book)
        else:
            joined.append(book)
    return [*joined, *(book for those in alike.values() for book in _join(those))]


def _join(books: list[PublishedBook]) -> list[PublishedBook]:
    eldest_first = sorted(books, key=lambda book: (book.state is None, book.state and book.state.start))
    told: dict[tuple[Placement, SeriesKey], list[tuple[int, int]]] = {}
    for position, book in enumerate(eldest_first):
        for placement, key, amount in book.series:
            told.setdefault((placement, key), []).append((position, amount))
    combine = books[0].dataset.timing.combine
    series: list[list[tuple[Placement, SeriesKey, int]]] = [[] for _ in books]
    for (placement, key), parts in told.items():
        eldest, _ = parts[0]
        series[eldest].append((placement, key, combine(amount for _, amount in parts)))
    return [replace(book, series=tuple(its)) for book, its in zip(eldest_first, series, strict=True)]
