"""``GET /api/alerts``: what is answered, in which order, and which of it is asked for."""

import asyncio
import random

import pytest

from exporter.alerts import Addresses
from exporter.alerts.links import AlertLinks
from exporter.catalog import PRODUCTS
from exporter.catalog.product import Product
from tests.exposition.api.monitored import (
    ALERTMANAGER,
    BOTH,
    PROMETHEUS,
    Monitored,
    evaluated,
    labels,
    of_prometheus,
    told,
)

ERRORS = labels("CloudflareWorkerErrorRatioHigh", account="Example", project="shop", script_name="shop-web")


@pytest.fixture
def site() -> Monitored:
    """An endpoint with both to ask."""
    return Monitored()


def test_alertmanager_is_asked_first(site: Monitored) -> None:
    """Every key of an alert is there, and Prometheus is left alone."""
    site.alertmanager = [told({**ERRORS, "product": "workers"})]
    assert site.document() == {
        "source": "alertmanager",
        "asked_at": "2025-10-20T10:00:05Z",
        "notes": [],
        "alerts": [
            {
                "alert": "CloudflareWorkerErrorRatioHigh",
                "severity": "warning",
                "state": "firing",
                "since": "2025-10-20T09:50:00Z",
                "product": "workers",
                "account": "Example",
                "project": "shop",
                "asset": {"kind": "worker", "name": "shop-web"},
                "value": None,
                "summary": "Something.",
                "description": "About CloudflareWorkerErrorRatioHigh.",
                "action": "",
                "runbook_url": "",
                "dashboard_url": "",
                "logs_url": "",
                "labels": {**ERRORS, "product": "workers"},
            }
        ],
    }
    assert [str(request.url) for request in site.asked] == [f"{ALERTMANAGER}/api/v2/alerts"]


def test_prometheus_is_asked_where_there_is_no_alertmanager(site: Monitored) -> None:
    """It gives the value, and since when the condition holds; a path before its API stays."""
    site.addresses = Addresses(prometheus=PROMETHEUS)
    found = evaluated(ERRORS, value="2.5e-01")
    found["annotations"] |= {"runbook_url": "https://runbook.test/#a", "dashboard_url": "https://grafana.test/d"}
    site.prometheus = of_prometheus(found)
    document = site.document()
    assert (document["source"], document["notes"]) == ("prometheus", [])
    (alert,) = document["alerts"]
    assert (alert["state"], alert["since"], alert["value"]) == ("firing", "2025-10-20T09:45:00Z", 0.25)
    assert (alert["runbook_url"], alert["dashboard_url"]) == ("https://runbook.test/#a", "https://grafana.test/d")
    assert [str(request.url) for request in site.asked] == ["http://prometheus.test:9090/prefix/api/v1/alerts"]


@pytest.mark.parametrize(
    ("links", "runbook", "dashboard"),
    [
        (AlertLinks(), "alerting/runbook.md#x", "/d/cf?a=b"),
        (AlertLinks.make("http://e.test/cf", None, None), "http://e.test/cf/runbook#x", "/d/cf?a=b"),
        (
            AlertLinks.make("http://e.test/cf", "https://git.test/blob/main/", "http://g.test/"),
            "https://git.test/blob/main/alerting/runbook.md#x",
            "http://g.test/d/cf?a=b",
        ),
    ],
)
def test_links_are_absolute_where_it_is_known_whereto(
    site: Monitored, links: AlertLinks, runbook: str, dashboard: str
) -> None:
    """The rules have paths; the exporter's own page of the runbook gives way to a repository that is named."""
    found = told(ERRORS)
    found["annotations"] |= {"runbook_url": "alerting/runbook.md#x", "dashboard_url": "/d/cf?a=b", "action": "Do it."}
    site.alertmanager, site.links = [found], links
    (alert,) = site.document()["alerts"]
    assert (alert["action"], alert["runbook_url"], alert["dashboard_url"]) == ("Do it.", runbook, dashboard)


@pytest.mark.parametrize("text", ["NaN", "+Inf", "-Inf", "1e400"])
def test_a_value_that_json_cannot_hold_is_none(site: Monitored, text: str) -> None:
    """Whatever an expression came to, the answer is JSON."""
    site.addresses = Addresses(prometheus=PROMETHEUS)
    site.prometheus = of_prometheus(evaluated(ERRORS, value=text))
    assert site.document()["alerts"][0]["value"] is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({}, "firing"),
        ({"state": "unprocessed"}, "firing"),
        ({"state": "suppressed", "silencedBy": ["5ea1"]}, "silenced"),
        ({"state": "suppressed", "inhibitedBy": ["5ea1"]}, "inhibited"),
        ({"state": "suppressed", "mutedBy": ["nights"]}, "muted"),
        ({"state": "suppressed", "silencedBy": ["5ea1"], "inhibitedBy": ["5ea2"], "mutedBy": ["nights"]}, "silenced"),
        ({"mutedBy": None}, "firing"),
    ],
)
def test_the_state_says_whether_anybody_is_told(site: Monitored, status: dict[str, object], state: str) -> None:
    """An alert that fires, but is silenced, inhibited or muted, is answered as that."""
    site.alertmanager = [told(ERRORS, **status)]
    assert [alert["state"] for alert in site.document()["alerts"]] == [state]
    assert site.names(f"?state={state}") == [ERRORS["alertname"]]
    assert site.names("?state=pending") == []


def test_an_alertmanager_without_mute_times_is_understood(site: Monitored) -> None:
    """Before 0.28 it said nothing of them."""
    alert = told(ERRORS)
    del alert["status"]["mutedBy"]
    site.alertmanager = [alert]
    assert site.names() == [ERRORS["alertname"]]


@pytest.mark.parametrize("product", PRODUCTS, ids=[product.name for product in PRODUCTS])
def test_the_asset_and_its_product_follow_from_the_labels(site: Monitored, product: Product) -> None:
    """Each kind of asset has a label of its own."""
    kind = product.kinds[0]
    site.alertmanager = [told(labels("CloudflareSomething", **{kind.label: "(unlisted)"}))]
    (alert,) = site.document()["alerts"]
    assert alert["asset"] == {"kind": kind.kind, "name": "(unlisted)"}
    assert alert["product"] == product.name
    assert site.names(f"?product={product.name}") == ["CloudflareSomething"]


@pytest.mark.parametrize(
    ("given", "asset", "product"),
    [
        ({}, None, ""),
        ({"product": "exporter"}, None, "exporter"),
        ({"kind": "r2_bucket", "asset": "media"}, {"kind": "r2_bucket", "name": "media"}, "r2"),
        ({"kind": "r2_bucket", "asset": ""}, None, ""),
        ({"script_name": ""}, None, ""),
        ({"product": "costs", "database": "orders"}, {"kind": "d1_database", "name": "orders"}, "costs"),
    ],
)
def test_other_labels_may_name_asset_and_product(
    site: Monitored, given: dict[str, str], asset: object, product: str
) -> None:
    """Costs name the kind; a rule may name the product; an alert about neither has none."""
    site.alertmanager = [told(labels("CloudflareSomething", **given))]
    (alert,) = site.document()["alerts"]
    assert (alert["asset"], alert["product"]) == (asset, product)


def test_only_our_alerts_are_answered(site: Monitored) -> None:
    """Others use the same Prometheus; what always fires is answered on request."""
    names = ("Watchdog", "NodeDown", "cloudflareSomething", "CloudflareKvOperationSpike")
    site.alertmanager = [told(labels(name)) for name in names] + [told({**labels(""), "alertname": ""})]
    assert site.names() == site.names("?watchdog=false") == ["CloudflareKvOperationSpike"]
    assert site.names("?watchdog=true") == ["CloudflareKvOperationSpike", "CloudflareWatchdog"]


def test_the_worst_is_first(site: Monitored) -> None:
    """Then by alert, account, project and asset, whatever the order of the answer; other severities are last."""
    expected = [
        labels("CloudflareZ", severity="critical"),
        labels("CloudflareA", account="a", project="x"),
        labels("CloudflareA", account="b", project="w", script_name="a"),
        labels("CloudflareA", account="b", project="w", script_name="b"),
        labels("CloudflareA", account="b", project="x", script_name="a", status="one"),
        labels("CloudflareA", account="b", project="x", script_name="a", status="two"),
        labels("CloudflareB"),
        labels("CloudflareA", severity="info"),
        labels("CloudflareA", severity="page"),
    ]
    for seed in range(5):
        shuffled = random.Random(seed).sample(expected, len(expected))
        site.alertmanager = [told(each) for each in shuffled]
        assert [alert["labels"] for alert in site.document()["alerts"]] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"One", "Two", "Three", "Four"}),
        ("?account=a", {"One", "Two"}),
        ("?account=a&account=b", {"One", "Two", "Three"}),
        ("?account=a&project=shop", {"One"}),
        ("?severity=critical&severity=info", {"Two", "Four"}),
        ("?product=workers", {"One"}),
        ("?product=workers&product=r2", {"One", "Three"}),
        ("?account=", {"Four"}),
        ("?account=nobody", set()),
        ("?account=A", set()),
        ("?state=firing", {"One", "Two"}),
        ("?state=silenced&state=inhibited", {"Three", "Four"}),
        ("?state=firing&severity=warning", {"One"}),
    ],
)
def test_filters(site: Monitored, query: str, expected: set[str]) -> None:
    """Of one parameter any value, and all parameters at once."""
    site.alertmanager = [
        told(labels("CloudflareOne", account="a", project="shop", script_name="web")),
        told(labels("CloudflareTwo", account="a", project="blog", severity="critical")),
        told(labels("CloudflareThree", account="b", project="shop", bucket="media"), silencedBy=["5ea1"]),
        told(labels("CloudflareFour", severity="info"), inhibitedBy=["5ea1"]),
    ]
    assert {name.removeprefix("Cloudflare") for name in site.names(query)} == expected


def test_what_is_pending_is_answered_on_request(site: Monitored) -> None:
    """Only Prometheus knows it; beside all others it stands with what Alertmanager says."""
    site.alertmanager = [told(ERRORS, silencedBy=["5ea1"])]
    site.prometheus = of_prometheus(evaluated(ERRORS), evaluated(labels("CloudflareWaits"), "pending"))
    assert site.names() == site.names("?state=silenced") == [ERRORS["alertname"]]
    document = site.document("?state=pending")
    assert (document["source"], [alert["state"] for alert in document["alerts"]]) == ("prometheus", ["pending"])
    for query in ("?state=all", "?state=silenced&state=pending"):
        document = site.document(query)
        assert document["source"] == "alertmanager"
        assert [(alert["alert"], alert["state"]) for alert in document["alerts"]] == [
            ("CloudflareWaits", "pending"),
            (ERRORS["alertname"], "silenced"),
        ]
    site.addresses = Addresses(prometheus=PROMETHEUS)
    assert site.names() == [ERRORS["alertname"]]
    site.asked.clear()
    assert site.names("?state=all") == ["CloudflareWaits", ERRORS["alertname"]]
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "?group=a&team=b",
            "Unknown parameter group, team. Supported: account, product, project, severity, state, watchdog.",
        ),
        ("?severity=high", "severity is one of critical, warning, info."),
        ("?severity=critical&severity=", "severity is one of critical, warning, info."),
        ("?state=resolved", "state is one of pending, firing, silenced, inhibited, muted, all."),
        ("?watchdog=1", "watchdog is one of true, false."),
        ("?watchdog=true&watchdog=false", "watchdog is given 2 times: give it once."),
    ],
)
def test_what_makes_no_sense_is_told(site: Monitored, query: str, message: str) -> None:
    """It is refused as 400, and nobody is asked."""
    assert site.refusal(query, 400) == ("bad_request", message)
    assert site.asked == []


def test_nothing_fires(site: Monitored) -> None:
    """An empty list is an answer."""
    assert site.document()["alerts"] == []
    site.addresses = Addresses(prometheus=BOTH.prometheus)
    assert site.document()["alerts"] == []


def test_it_can_only_be_read(site: Monitored) -> None:
    """Any other method is refused."""
    for method, status in (("POST", 405), ("DELETE", 405), ("HEAD", 200)):
        (answer,) = asyncio.run(site.request("", method=method))
        assert answer.status_code == status
