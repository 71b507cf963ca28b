"""Scrapes like Prometheus': at fixed times, on one connection."""

import gzip
import time
from dataclasses import dataclass
from hashlib import blake2b
from http.client import HTTPConnection, HTTPException

from exporter.catalog import DATASETS
from stack.port import LOOPBACK

ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


OWN = b"cloudflare_exporter_"
OF_LAST_MINUTES = frozenset(
    metric.name.encode() for dataset in DATASETS.values() if dataset.timing.is_whole for metric in dataset.metrics
)


@dataclass(frozen=True, slots=True)
class Scrape:
    """When a scrape was due and when its body was complete, in monotonic seconds, and the body's digest."""

    due: float
    done: float
    body: bytes

    @property
    def milliseconds(self) -> float:
        """How long Prometheus would have waited, including the time behind an earlier slow scrape."""
        return (self.done - self.due) * 1_000


def fetch(port: int) -> bytes | None:
    """Return the compressed exposition, or None if there is none yet."""
    connection = HTTPConnection(LOOPBACK, port, timeout=30)
    try:
        return _get(connection)
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def count_series(body: bytes) -> int:
    """Return the number of samples in a compressed exposition."""
    return sum(not line.startswith(b"#") for line in gzip.decompress(body).splitlines())


def count_lasting(body: bytes) -> int:
    """Return how many samples survive a restart, because the ledger keeps them.

    The exporter's own metrics restart, and those of the last minutes (quantiles) are queried again.
    """
    names = [line.partition(b"{")[0] for line in gzip.decompress(body).splitlines()]
    return sum(
        name.startswith(b"cloudflare_") and not name.startswith(OWN) and name not in OF_LAST_MINUTES for name in names
    )


def scrape_steadily(port: int, seconds: float, every: float) -> list[Scrape]:
    """Scrape at fixed times; a scrape delayed by a slow one before it counts from when it was due."""
    connection = HTTPConnection(LOOPBACK, port, timeout=30)
    scrapes: list[Scrape] = []
    begun = time.monotonic()
    try:
        for number in range(int(seconds / every)):
            due = begun + number * every
            time.sleep(max(due - time.monotonic(), 0.0))
            body = _get(connection)
            assert body is not None, "the exposition has disappeared"
            scrapes.append(Scrape(due, time.monotonic(), blake2b(body).digest()))
    finally:
        connection.close()
    return scrapes


def _get(connection: HTTPConnection) -> bytes | None:
    connection.request("GET", "/metrics", headers={"Accept": ACCEPT, "Accept-Encoding": "gzip"})
    response = connection.getresponse()
    body = response.read()
    return body if response.status == 200 else None
