"""Asks a simulator in process."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from exporter.simulator import Simulator
from exporter.simulator.products import DATASETS

ACCOUNT = "a" * 32
OTHER_ACCOUNT = "b" * 32
TOKEN = "secret"

NO_HEADERS: Mapping[str, str] = {}

WORKERS = "workersInvocationsAdaptive"
OF_ACCOUNTS = {name: dataset for name, dataset in DATASETS.items() if not dataset.of_zones}

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Client:
    """Sends requests as the holder of a token."""

    def __init__(self, simulator: Simulator, token: str | None = TOKEN) -> None:
        self._simulator = simulator
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to one request."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._simulator.app)
            headers = {**self._headers, **options.pop("headers", {})}
            async with httpx.AsyncClient(transport=transport, base_url="http://simulated") as http:
                return await http.request(method, path, headers=headers, **options)

        return asyncio.run(ask())

    def get(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a GET below /client/v4."""
        return self.request("GET", f"/client/v4{path}", **options)

    def graphql(self, query: str, headers: Mapping[str, str] = NO_HEADERS, **variables: Any) -> httpx.Response:
        """The answer to a GraphQL document."""
        body = {"query": query, "variables": variables}
        return self.request("POST", "/client/v4/graphql", json=body, headers=headers)

    def ask(self, *questions: str, account: str = ACCOUNT) -> Any:
        """The decoded answer to questions about an account."""
        nodes = "\n".join(questions)
        text = f"query ($account: string!) {{ viewer {{ accounts(filter: {{accountTag: $account}}) {{ {nodes} }} }} }}"
        return self.graphql(text, account=account).json()

    def rows(self, question: str) -> list[dict[str, Any]]:
        """The rows of one question with the alias `rows`."""
        answer = self.ask(f"rows: {question}")
        assert answer["errors"] is None, answer["errors"]
        return list(answer["data"]["viewer"]["accounts"][0]["rows"])


def between(since: datetime, until: datetime) -> str:
    """A filter for a range of minutes, without its braces."""
    return f'datetimeMinute_geq: "{iso(since)}", datetimeMinute_lt: "{iso(until)}"'


def iso(moment: datetime) -> str:
    """A GraphQL Time."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


NINE = datetime(2026, 6, 1, 9, tzinfo=UTC)
RANGE = between(NINE, NINE + HOUR)
REQUESTS = f"workers: {WORKERS}(limit: 100, filter: {{{RANGE}}}) {{ sum {{ requests }} }}"
DATABASES = f"databases: d1AnalyticsAdaptiveGroups(limit: 100, filter: {{{RANGE}}}) {{ count }}"
SCRIPTS = f"/accounts/{ACCOUNT}/workers/scripts"


def node(answer: Any) -> dict[str, Any]:
    """The account of an answer about one account."""
    (account,) = answer["data"]["viewer"]["accounts"]
    return dict(account)
