"""Prometheus and Alertmanager as they answer, and the endpoint that asks them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from exporter.alerts import WATCHDOG, Addresses, AlertsClient
from exporter.alerts.links import AlertLinks
from exporter.exposition.api import ERROR_HANDLERS
from exporter.exposition.api.alerts import AlertsEndpoint
from tests.exposition.snapshots import ManualClock

ALERTMANAGER, PROMETHEUS = "http://alertmanager.test:9093", "http://prometheus.test:9090/prefix/"
BOTH = Addresses(ALERTMANAGER, PROMETHEUS)

Json = dict[str, Any]
Handler = Callable[[httpx.Request], httpx.Response]


def labels(name: str, **others: str) -> dict[str, str]:
    """The labels of an alert."""
    return {"alertname": name, "severity": "warning", "job": "cloudflare", **others}


def told(found: dict[str, str], since: str = "2025-10-20T09:50:00.123Z", **status: Any) -> Json:
    """An alert as Alertmanager gives it."""
    return {
        "annotations": {"summary": "Something.", "description": f"About {found['alertname']}."},
        "endsAt": "2025-10-20T10:04:00.123Z",
        "fingerprint": "5ea1",
        "generatorURL": "http://prometheus.test/graph",
        "labels": found,
        "receivers": [{"name": "default"}],
        "startsAt": since,
        "status": {"inhibitedBy": [], "silencedBy": [], "mutedBy": [], "state": "active", **status},
        "updatedAt": "2025-10-20T10:00:00.123Z",
    }


def evaluated(found: dict[str, str], state: str = "firing", value: str = "1e+00") -> Json:
    """An alert as Prometheus gives it."""
    return {
        "labels": found,
        "annotations": {"summary": "Something.", "description": f"About {found['alertname']}."},
        "state": state,
        "activeAt": "2025-10-20T09:45:00.123456789Z",
        "value": value,
    }


def of_prometheus(*alerts: Json) -> Json:
    """Prometheus' answer."""
    return {"status": "success", "data": {"alerts": list(alerts)}}


class Monitored:
    """The endpoint, and what is said to it; an answer is a document, bytes, a response or an exception.

    Alertmanager's also has the watchdog, unless ``is_told`` is false.
    """

    def __init__(self, addresses: Addresses = BOTH, patience: float = 3.0) -> None:
        self.clock = ManualClock()
        self.addresses = addresses
        self.alertmanager: Any = []
        self.prometheus: Any = of_prometheus()
        self.is_told = True
        self.asked: list[httpx.Request] = []
        self.opened = 0
        self.links = AlertLinks()
        self.patience = patience

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.alertmanager if request.url.host == "alertmanager.test" else self.prometheus
        if callable(found):
            found = await found()
        if isinstance(found, Exception):
            raise found
        if isinstance(found, httpx.Response):
            return found
        if isinstance(found, list) and self.is_told:
            found = [*found, told(labels(WATCHDOG, severity="info"))]
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        return httpx.Response(200, content=body)

    def _open(self) -> httpx.AsyncClient:
        self.opened += 1
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    async def request(self, *queries: str, method: str = "GET", pause: float = 0.0) -> list[httpx.Response]:
        """The answers to requests, all at once or with a pause of the clock after each."""
        alerts_client = AlertsClient(self._open, self.clock, lambda: self.addresses, self.patience)
        routes = [Route("/api/alerts", AlertsEndpoint(alerts_client, lambda: self.links).answer)]
        app = Starlette(routes=routes, exception_handlers=ERROR_HANDLERS)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://exporter.test") as http:
            if pause:
                answers = []
                for query in queries:
                    answers.append(await http.request(method, f"/api/alerts{query}"))
                    self.clock.advance(pause)
            else:
                answers = await asyncio.gather(*(http.request(method, f"/api/alerts{query}") for query in queries))
        await alerts_client.close()
        return answers

    def ask(self, query: str = "") -> httpx.Response:
        """The answer to one request."""
        (answer,) = asyncio.run(self.request(query))
        return answer

    def document(self, query: str = "") -> Json:
        """What is answered, and that it is an answer."""
        answer = self.ask(query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        found: Json = answer.json()
        return found

    def names(self, query: str = "") -> list[str]:
        """The names of the alerts that are answered."""
        return [alert["alert"] for alert in self.document(query)["alerts"]]

    def refusal(self, query: str = "", status: int = 503) -> tuple[str, str]:
        """The code and message of an error."""
        answer = self.ask(query)
        assert answer.status_code == status, answer.text
        assert set(answer.json()) == {"error"}
        error = answer.json()["error"]
        assert set(error) == {"code", "message"}
        return error["code"], error["message"]
