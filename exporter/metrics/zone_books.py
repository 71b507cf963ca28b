"""The books of an account's zones, put together: label sets have no zone id, so zones may share one. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from exporter.ledger.publication import PublishedBook
from exporter.ledger.series import SeriesKey
from exporter.model import Placement


def join_zones(books: Iterable[PublishedBook]) -> list[PublishedBook]:
    """Return books with those of an account's zones as one for each dataset.

    Zones of one label set are a zone that was deleted and made again, and those that are filtered: they are added, or
    for windows the highest is taken, as for other assets.
    """
    joined: list[PublishedBook] = []
    alike: dict[tuple[str, str], list[PublishedBook]] = {}
    for book in books:
        if book.scope.zone_id:
            alike.setdefault((book.account_id, book.dataset.key), []).append(book)
        else:
            joined.append(book)
    return [*joined, *(_join(those) if len(those) > 1 else those[0] for those in alike.values())]


def _join(books: list[PublishedBook]) -> PublishedBook:
    told: dict[tuple[Placement, SeriesKey], list[int]] = {}
    for book in books:
        for placement, key, amount in book.series:
            told.setdefault((placement, key), []).append(amount)
    combine = books[0].dataset.timing.combine
    return replace(books[0], series=tuple((*which, combine(amounts)) for which, amounts in told.items()))
