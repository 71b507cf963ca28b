"""The time until which each dataset's published values are complete, as metrics and for the API."""

from collections.abc import Callable
from datetime import datetime

from exporter.ledger import Publication, PublishedBook
from exporter.metrics.own import OwnMetric, Values

DATASET = ("account", "dataset", "zone")
"""The labels of what is published about a dataset; ``zone`` is empty where it is one of an account."""


def fresh_until(book: PublishedBook) -> datetime | None:
    """Return the time until which a dataset's values include Cloudflare's data; None for a window."""
    if book.state:
        return book.state.published_until
    return book.readings.newest if book.readings and not book.dataset.timing.is_whole else None


def _moments(read: Callable[[PublishedBook], datetime | None]) -> Callable[[Publication], Values]:
    """Return a reader of one time per dataset, in Unix seconds; windows and datasets without it are left out."""

    def read_all(publication: Publication) -> Values:
        return {
            publication.labels_of(book.scope, book.dataset.published_name): moment.timestamp()
            for book in publication.books
            if not book.dataset.timing.is_whole and (moment := read(book)) is not None
        }

    return read_all


def _newest(book: PublishedBook) -> datetime | None:
    answered = book.state or book.readings
    return answered.newest if answered else None


def _last_success(book: PublishedBook) -> datetime | None:
    answered = book.state or book.readings
    return answered.last_success if answered else None


FRESHNESS: tuple[OwnMetric[Publication], ...] = (
    OwnMetric(
        "cloudflare_exporter_dataset_start_timestamp_seconds",
        "gauge",
        "When counting of the dataset's usage began.",
        DATASET,
        _moments(lambda book: book.state.start if book.state else None),
    ),
    OwnMetric(
        "cloudflare_exporter_dataset_queried_until_timestamp_seconds",
        "gauge",
        "Time until which the published values include Cloudflare's data; for rates, divide increases by its increase.",
        DATASET,
        _moments(lambda book: book.state.published_until if book.state else None),
    ),
    OwnMetric(
        "cloudflare_exporter_dataset_newest_data_timestamp_seconds",
        "gauge",
        "Newest minute for which the dataset had data; while no hour waits to settle, only the hour.",
        DATASET,
        _moments(_newest),
    ),
    OwnMetric(
        "cloudflare_exporter_dataset_last_success_timestamp_seconds",
        "gauge",
        "When Cloudflare last answered for the dataset, by its own clock.",
        DATASET,
        _moments(_last_success),
    ),
)
