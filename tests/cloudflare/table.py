"""A GraphQL API over a list of events: it filters, groups and limits as Cloudflare does, and can be told to fail."""

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from exporter.catalog import DATASETS
from exporter.model import floor_hour, format_time, parse_time
from tests.cloudflare.conftest import answer

Event = tuple[datetime, str, int]
"""The minute, asset id and amount of an event."""

Fault = Callable[[dict[str, str]], httpx.Response | None]
"""Gets the datasets by alias, and may give an answer of its own."""


class Table:
    """Answers documents. ``events`` are by dataset; ``asked`` collects the aliases of each document."""

    def __init__(self, **events: list[Event]) -> None:
        self._events = events
        self._faults: list[Fault] = []
        self.asked: list[dict[str, str]] = []

    def fail(self, fault: Fault) -> None:
        """Let a fault look at every document before it is answered."""
        self._faults.append(fault)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        aliases = dict(re.findall(r"((?:usage|newest)_\d+): (\w+)\(", body["query"]))
        self.asked.append(aliases)
        for fault in self._faults:
            response = fault(aliases)
            if response is not None:
                return response
        limit = int(re.findall(r"limit: (\d+)", body["query"])[0])
        return answered({alias: self._rows(alias, aliases[alias], body["variables"], limit) for alias in aliases})

    def _rows(self, alias: str, dataset: str, variables: dict[str, str], limit: int) -> list[dict[str, Any]]:
        kind, number = alias.split("_")
        since = parse_time(variables[f"{'newest_since' if kind == 'newest' else 'since'}_{number}"])
        until = parse_time(variables[f"until_{number}"])
        lowest, below = "", "\U0010ffff"
        if kind == "usage":
            lowest, below = variables.get(f"from_{number}", lowest), variables.get(f"below_{number}", below)
        events = [
            event for event in self._events.get(dataset, []) if since <= event[0] < until and lowest <= event[1] < below
        ]
        if kind == "newest":
            return (
                [{"dimensions": {"datetimeMinute": format_time(max(event[0] for event in events))}}] if events else []
            )
        sums: Counter[tuple[datetime, str]] = Counter()
        for minute, asset, amount in events:
            sums[floor_hour(minute), asset] += amount
        return [row(dataset, hour, asset, amount) for (hour, asset), amount in sums.items()][:limit]


def row(dataset: str, hour: datetime, asset: str, amount: int) -> dict[str, Any]:
    """A row in which every field has the amount and every label is ``x``."""
    entry = DATASETS[dataset]
    dimensions = dict.fromkeys(entry.dimensions, "x") | {
        entry.id_dimension: asset,
        "datetimeHour": format_time(hour),
    }
    if entry.dispatch_dimension:
        dimensions[entry.dispatch_dimension] = ""
    return {"dimensions": dimensions, "sum": {field.name: amount for field in entry.fields}}


def answered(node: object, *errors: dict[str, Any]) -> httpx.Response:
    """Return an answer about one account."""
    return answer({"data": {"viewer": {"accounts": [node]}}, "errors": list(errors) or None})


def failed(status: int, *errors: dict[str, Any]) -> httpx.Response:
    """Return an answer with nothing but errors."""
    return answer({"data": None, "errors": list(errors)}, status)


def fault_of(alias: str | None, message: str, code: str | None = None) -> dict[str, Any]:
    """Return a GraphQL error of an alias, or of the document as a whole."""
    path = None if alias is None else ["viewer", "accounts", "0", alias]
    return {"message": message, "path": path, "extensions": {} if code is None else {"code": code}}
