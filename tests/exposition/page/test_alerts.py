"""The first page tells which alerts fire, or that it does not know."""

import asyncio
from typing import Any

import httpx
import pytest

from exporter.alerts import Addresses, AlertsClient
from exporter.alerts.links import AlertLinks
from exporter.exposition.page.alerts import AlertsView, fetch_alerts
from exporter.exposition.page.links import Links
from exporter.exposition.page.template import make_template
from tests.exposition.api.monitored import BOTH, PROMETHEUS, evaluated, labels, of_prometheus, told
from tests.exposition.page.reader import Page
from tests.exposition.snapshots import ManualClock

CHECKOUT = labels("CloudflareWorkerErrorRatioHigh", account="Example", project="shop", script_name="checkout")
WATCHDOG = told(labels("CloudflareWatchdog", severity="info"))


def page_of(*alerts: Any, addresses: Addresses = BOTH, links: AlertLinks = AlertLinks(), status: int = 200) -> Page:  # noqa: B008
    """The page while Alertmanager has these alerts, and Prometheus none."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = list(alerts) if request.url.host == "alertmanager.test" else of_prometheus()
        return httpx.Response(status, json=found)

    async def fetch() -> AlertsView:
        http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        client = AlertsClient(lambda: http, ManualClock(), lambda: addresses)
        found = await fetch_alerts(client, links, ".")
        await client.close()
        return found

    view = asyncio.run(fetch())
    template = make_template("exporter.exposition.page")
    return Page(template.render(links=Links("/metrics", None), alerts=view, overview=None, assets=None, texts=None))


def with_action(found: dict[str, Any], **annotations: str) -> dict[str, Any]:
    """An alert with what a rule says of it."""
    found["annotations"] |= {"action": "Roll back.", "runbook_url": "alerting/runbook.md#x", **annotations}
    return found


def test_what_fires_is_told_before_anything_else() -> None:
    """The worst first, each with what to do and its entry in the runbook; what is held back does not call anybody."""
    info = told({**labels("CloudflareR2BucketLarge", account="Example", project="data"), "severity": "info"})
    silenced = told({**CHECKOUT, "severity": "critical"}, silencedBy=["1"])
    page = page_of(info, silenced, with_action(told(CHECKOUT)), WATCHDOG)
    first, second, third = page.tables["Alerts"]
    assert first == {
        "Alert": "WorkerErrorRatioHigh",
        "Severity": "warning",
        "Project": "shop",
        "Asset": "checkout",
        "Since (UTC)": "2025-10-20 09:50",
        "What is wrong": "About CloudflareWorkerErrorRatioHigh.",
        "First steps": "Roll back.",
    }
    assert page.links["WorkerErrorRatioHigh"] == "./runbook#x"
    assert (second["Severity"], third["Severity"]) == ("info", "critical (silenced)")
    assert len(page.bad_rows) == 1
    assert page.title.startswith("(!) ")


@pytest.mark.parametrize(
    ("annotation", "link"),
    [
        ("alerting/runbook.md#x", "http://e.test/runbook#x"),
        ("https://a.test/r", "https://a.test/r"),
        ("javascript:1", None),
    ],
)
def test_the_runbook_is_where_it_is_said_to_be(annotation: str, link: str | None) -> None:
    """At the external URL, or where the rule says; and never where a browser would run something."""
    found = with_action(told(CHECKOUT), runbook_url=annotation)
    page = page_of(found, WATCHDOG, links=AlertLinks.make("http://e.test", None, None))
    assert page.links.get("WorkerErrorRatioHigh") == link


def test_nothing_fires() -> None:
    """That is good only where the watchdog shows that rules are evaluated."""
    page = page_of(WATCHDOG)
    assert "No alert fires." in page.texts
    assert not page.title.startswith("(!)")
    blind = page_of(addresses=Addresses(alertmanager=BOTH.alertmanager))
    assert "No alert fires." not in blind.texts
    assert any("the rules are not loaded" in text for text in blind.texts)
    assert blind.title.startswith("(!)")


def test_nobody_can_be_asked() -> None:
    """Not knowing is neither good nor, where no address is configured, a fault."""
    page = page_of(addresses=Addresses())
    assert any("alerting.prometheus_url" in text for text in page.texts)
    assert not page.title.startswith("(!)")
    failing = page_of(status=500)
    assert any("it answered HTTP 500" in text for text in failing.texts)
    assert failing.title.startswith("(!)")
    for each in (page, failing):
        assert "No alert fires." not in each.texts


def test_pending_alerts_are_not_told() -> None:
    """Prometheus alone knows them, and nobody is notified."""
    client_of = Addresses(prometheus=PROMETHEUS)

    async def fetch() -> AlertsView:
        found = of_prometheus(evaluated(labels("CloudflareWatchdog")), evaluated(CHECKOUT, "pending"))
        http = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(200, json=found)))
        client = AlertsClient(lambda: http, ManualClock(), lambda: client_of)
        view = await fetch_alerts(client, AlertLinks(), ".")
        await client.close()
        return view

    view = asyncio.run(fetch())
    assert (view.total, view.is_bad) == (0, False)
