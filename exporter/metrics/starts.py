"""Since when counters are counted. Pure."""

from datetime import datetime

from exporter.catalog.entry import Metric
from exporter.ledger.publication import PublishedBook


def start_of(book: PublishedBook, metric: Metric, at: datetime) -> int | None:
    """Return the epoch second from which on a metric is counted; None: it is no counter, or not counted yet at ``at``.

    What came with a later release is counted from the midnight after it.
    """
    if book.state is None or metric.kind != "counter":
        return None
    dimensions = {label.name: label.dimension for label in book.dataset.labels}
    read = {*(part.source for part in metric.parts), *(dimensions[label] for label in metric.labels)}
    start = max([book.state.start, *(since for name, since in book.state.joined.items() if name in read)])
    return int(start.timestamp()) if start <= at else None
