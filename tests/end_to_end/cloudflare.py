"""The simulated Cloudflare from outside: its control interface, and its own account of what was used."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import httpx

from exporter.simulator.demo import DEMO_TOKEN

from .counters import ASSETS, R2, WORKERS, Counter

LISTS = {
    "d1/database": ("uuid", "name"),
    "workers/durable_objects/namespaces": ("id", "name"),
    "storage/kv/namespaces": ("id", "title"),
}
"""REST list -> the keys of an item's id and name, for assets that analytics know by id."""

Values = dict[tuple[tuple[str, str], ...], int]
"""Label set (sorted pairs, without empty ones) -> amount."""


class SimulatedCloudflare:
    """A running simulator."""

    def __init__(self, address: str) -> None:
        self.url = f"http://{address}"
        self.api_url = f"{self.url}/client/v4"
        self._client = httpx.Client(timeout=30)
        self._quiet_from: datetime | None = None

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def now(self) -> datetime:
        """Return the simulated time."""
        return datetime.fromisoformat(self._get("/_sim/clock")["now"])

    def run_at(self, speed: float) -> None:
        """Let so many simulated seconds pass in one."""
        self._post("/_sim/clock", {"speed": speed})

    def end_traffic(self) -> None:
        """Let nothing be used from now on; what was used may still become visible."""
        self._quiet_from = self.now()
        self._post("/_sim/traffic", {"quiet_from": self._quiet_from.isoformat()})

    def has_been_quiet_for(self, length: timedelta) -> bool:
        """Return whether so much simulated time has passed since traffic ended."""
        return self._quiet_from is not None and self.now() - self._quiet_from > length

    def start_incident(self, script: str, length: timedelta) -> None:
        """Let most invocations of a Worker fail from now on."""
        account = self.account()
        tags = {item["id"]: item["tag"] for item in self._list(f"accounts/{account}/workers/scripts")}
        until = (self.now() + length).isoformat()
        self._post("/_sim/incident", {"account": account, "script_tag": tags[script], "until": until})

    def account(self) -> str:
        """Return the id of the only account."""
        (account,) = self._list("accounts")
        return str(account["id"])

    def used(self, counter: Counter, since: datetime, until: datetime) -> Values:
        """Return what a counter should be, in the oracle's parts, by its labels; without what was never used."""
        asset_label, asset_dimensions = ASSETS[counter.dataset]
        account = self.account()
        query = {
            "account": account,
            "dataset": counter.dataset,
            "from": since.isoformat(),
            "until": until.isoformat(),
            "by": ",".join([*asset_dimensions, *counter.labels.values()]),
        }
        names = self._names(account)
        values: Values = defaultdict(int)
        for row in self._get("/_sim/used", **query)["rows"]:
            dimensions = {name: str(value) for name, value in row["dimensions"].items()}
            labels = {asset_label: _asset_name(counter.dataset, dimensions, names), **counter.fixed}
            labels |= {label: dimensions[dimension] for label, dimension in counter.labels.items()}
            values[label_set(labels)] += row["sum"][counter.source]
        return {labels: value for labels, value in values.items() if value}

    def _names(self, account: str) -> dict[str, str]:
        names = {item["id"]: item["id"] for item in self._list(f"accounts/{account}/workers/scripts")}
        for path, (id_key, name_key) in LISTS.items():
            names |= {item[id_key]: item[name_key] for item in self._list(f"accounts/{account}/{path}")}
        return names

    def _list(self, path: str) -> list[dict[str, Any]]:
        answer = self._client.get(f"{self.api_url}/{path}", headers={"Authorization": f"Bearer {DEMO_TOKEN}"})
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["result"]
        return items

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        answer = self._client.get(f"{self.url}{path}", params=query)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content

    def _post(self, path: str, body: dict[str, Any]) -> None:
        self._client.post(f"{self.url}{path}", json=body).raise_for_status()


def label_set(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Return labels as a key; for Prometheus an empty label is no label."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def _asset_name(dataset: str, dimensions: dict[str, str], names: dict[str, str]) -> str:
    if dataset == R2:
        return dimensions["bucketName"] or "(account)"
    if dataset == WORKERS and dimensions["dispatchNamespaceName"]:
        return f"(dispatch {dimensions['dispatchNamespaceName']})"
    asset_id = dimensions["scriptName" if dataset == WORKERS else ASSETS[dataset][1][0]]
    return names.get(asset_id, "(unlisted)")
