"""Prometheus' HTTP API."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from .cloudflare import Values, label_set
from .counters import ASSETS, Counter

SELF = "cloudflare_exporter_dataset"


class Prometheus:
    """A running Prometheus, asked about one exporter at a time (``instance``)."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=f"http://{address}/api/v1", timeout=30)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def query(self, expression: str, at: datetime | None = None) -> list[dict[str, Any]]:
        """Return the instant vector of an expression."""
        content = {"query": expression}
        if at is not None:
            content["time"] = str(at.timestamp())
        answer = self._client.post("/query", data=content)
        answer.raise_for_status()
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result

    def label_names(self) -> set[str]:
        """Return the names of all labels."""
        answer = self._client.get("/labels")
        answer.raise_for_status()
        return set(answer.json()["data"])

    def last_scrape(self, instance: str) -> datetime | None:
        """Return when the exporter was last scraped, if that is not long ago."""
        found = self.query(f'timestamp(up{{instance="{instance}"}} == 1)')
        return datetime.fromtimestamp(float(found[0]["value"][1]), UTC) if found else None

    def dataset_time(self, which: str, dataset: str, instance: str, at: datetime) -> datetime | None:
        """Return a dataset's ``start`` or ``queried_until`` as of a moment."""
        selector = f'{SELF}_{which}_timestamp_seconds{{dataset="{dataset}",instance="{instance}"}}'
        found = self.query(selector, at)
        return datetime.fromtimestamp(float(found[0]["value"][1]), UTC) if found else None

    def values(self, counter: Counter, instance: str, at: datetime) -> Values:
        """Return a counter by its labels, in the oracle's parts; without what is 0."""
        fixed = ",".join(f'{name}="{value}"' for name, value in counter.fixed.items())
        labels = ",".join([ASSETS[counter.dataset][0], *counter.labels, *counter.fixed])
        found = self.query(f'sum by ({labels}) ({counter.name}{{instance="{instance}",{fixed}}})', at)
        values = {label_set(series["metric"]): Decimal(series["value"][1]) * counter.parts for series in found}
        return {key: round(value) for key, value in values.items() if value}
