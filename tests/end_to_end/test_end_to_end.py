"""From Cloudflare's API to an alert at a webhook, through real processes and Prometheus' own eyes."""

import subprocess
import time
from datetime import timedelta

import httpx
import pytest

from stack.receiver import Alert
from stack.tools import Tools
from tests.dashboards.reading import DASHBOARDS, expand, queries

from .cloudflare import Values
from .counters import COUNTERS
from .scene import ALERT, FAILING, TARGET_LABELS, Scene, Site, wait_for
from .unanswered import UNANSWERED, is_unanswered

# The first test also waits for the scene to be played.
pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]

LONG_AFTER = timedelta(days=1)


def differences(scene: Scene, site: Site, beyond: timedelta) -> list[str]:
    """Compare every counter at the last scrape with what was used from its start until ``queried_until``.

    ``beyond`` is added to that end. All values are of one scrape.
    """
    at = scene.prometheus.last_scrape(site.instance)
    if at is None:
        return ["not scraped"]
    found = []
    for counter in COUNTERS:
        since, until = (
            scene.prometheus.dataset_time(which, counter.dataset, site.instance, at)
            for which in ("start", "queried_until")
        )
        if since is None or until is None:
            found.append(f"{counter}: no time of its dataset")
            continue
        expected = site.cloudflare.used(counter, since, until + beyond)
        published = scene.prometheus.values(counter, site.instance, at)
        found += _differences(str(counter), expected, published)
    return found


def _differences(name: str, expected: Values, published: Values) -> list[str]:
    return [
        f"{name} {dict(labels)}: used {expected.get(labels, 0)}, published {published.get(labels, 0)}"
        for labels in sorted(expected.keys() | published.keys())
        if expected.get(labels, 0) != published.get(labels, 0)
    ]


def wait_for_equality(scene: Scene, site: Site, beyond: timedelta) -> None:
    """New series grow one refresh after their birth was scraped, so equality may take a few scrapes."""
    end = time.monotonic() + 100
    while found := differences(scene, site, beyond):
        assert time.monotonic() < end, "\n".join(found)
        time.sleep(2)


def test_every_counter_equals_what_was_used(scene: Scene) -> None:
    """After kill -9 and an outage every counter is, to the last unit, what was used since its start."""
    wait_for_equality(scene, scene.punctual, beyond=timedelta(0))


def test_late_data_is_counted(scene: Scene) -> None:
    """Once the last late figures are visible, every counter is what was used altogether."""
    wait_for_equality(scene, scene.late, beyond=LONG_AFTER)


def test_every_product_was_used(scene: Scene) -> None:
    """The comparison is not one of nothing with nothing: every dataset has counted usage, and errors occurred."""
    counted = {counter.dataset for counter in COUNTERS if scene.prometheus.query(f"sum({counter.name}) > 0")}
    assert counted == {counter.dataset for counter in COUNTERS}


def test_no_counter_fell(scene: Scene) -> None:
    """For Prometheus no counter was ever reset, though the exporters were killed."""
    for name in sorted({counter.name for counter in COUNTERS}):
        assert scene.prometheus.query(f"resets({name}[10m]) > 0") == []


def test_the_error_burst_reaches_the_webhook(scene: Scene) -> None:
    """The alert of the failing Worker arrives at the receiver, with its labels and annotations."""
    wait_for(lambda: bool(_arrived(scene)), 60, f"{ALERT} to arrive")
    alert = _arrived(scene)[0]
    assert alert.labels["severity"] == "critical"
    assert alert.labels["job"] == "cloudflare"
    assert alert.labels["account"]
    assert FAILING in alert.annotations["description"]
    assert alert.annotations["runbook_url"].startswith("alerting/runbook.md#")


def test_the_error_burst_reaches_every_service(scene: Scene) -> None:
    """What the failing Worker sets off arrives at each service, as the service documents it."""
    for service in ("discord", "slack", "telegram", "email", "webhook"):
        scene.standins.first(service, ALERT, FAILING, seconds=60)
    event = scene.standins.first("pagerduty", ALERT, FAILING, seconds=60).body
    assert (event["event_action"], event["payload"]["severity"]) == ("trigger", "critical")
    assert not scene.standins.faults(), "\n".join(scene.standins.faults())


def test_the_metrics_are_well_formed(scene: Scene, tools: Tools) -> None:
    """promtool's linter finds nothing in a live /metrics."""
    page = httpx.get(f"http://{scene.punctual.instance}/metrics", headers={"Accept": "text/plain"}, timeout=10)
    outcome = subprocess.run(
        [tools.promtool, "check", "metrics"], input=page.content, capture_output=True, check=False, timeout=30
    )
    assert outcome.returncode == 0, (outcome.stdout + outcome.stderr).decode()


def test_target_labels_do_not_collide(scene: Scene) -> None:
    """Prometheus renames no label, and where a target has a label of the exporter's, the exporter's holds."""
    names = scene.prometheus.label_names()
    assert names.issuperset(TARGET_LABELS)
    assert not [name for name in names if name.startswith("exported_")]
    for metric in ("cloudflare_asset_info", "cloudflare_cost_forecast_usd", "cloudflare_worker_requests_total"):
        assert scene.prometheus.query(metric)
        assert not scene.prometheus.query(f'{metric}{{project="infra"}} or {metric}{{account="123456789012"}}')


def test_every_query_of_the_dashboards_has_an_answer(scene: Scene) -> None:
    """With everything chosen, Prometheus has data for each query of each panel that can have any."""
    every = {expand(expression) for dashboard in DASHBOARDS.values() for expression in queries(dashboard)}
    assert all(any(part in expression for expression in every) for part in UNANSWERED)
    asked = {expression for expression in every if not is_unanswered(expression)}
    end = time.monotonic() + 45
    while unanswered := [expression for expression in asked if not scene.prometheus.query(expression)]:
        assert time.monotonic() < end, "\n".join(unanswered)
        time.sleep(2)


def _arrived(scene: Scene) -> list[Alert]:
    return [
        alert
        for alert in list(scene.arrived)
        if alert.status == "firing"
        and alert.labels["alertname"] == ALERT
        and alert.labels.get("script_name") == FAILING
    ]
