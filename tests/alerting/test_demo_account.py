"""The demo account: its scenes have the alerts that they deserve, and its first hour and 15 healthy days are quiet.

A real exporter is scraped, Prometheus' own rule engine decides what fires, and a real Alertmanager who is told.
"""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from exporter.cli.scenes import SCENES, Scene
from stack.port import LOOPBACK, any_free
from stack.process import Process
from stack.receiver import Alert, Receiver
from stack.tools import Tools
from stack.workspace import Workspace, routing_without_grafana
from tests.alerting.played import Firing, play
from tests.alerting.shipped import ALERTS, SHIPPED, only, read_groups
from tests.delivery.scene import shorten

BEGINS = datetime(2026, 11, 24, 9, 37, tzinfo=UTC)
"""A Tuesday, when there is much traffic."""

ALWAYS = {"CloudflareWatchdog", "CloudflareUnlistedAssets"}
"""What fires in every scene: that alerts arrive, and that no list shows a tenant's Worker."""

MOST_NOTIFICATIONS = 5

LEAST_COST, MOST_COST = 370, 400
"""What the largest project costs in a billing cycle, in USD."""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that has been filled with the days before, for every scene to go on with."""
    folder = tmp_path_factory.mktemp("ledger")
    asyncio.run(
        play("healthy", BEGINS - timedelta(minutes=2), timedelta(minutes=1), timedelta(minutes=1), folder=folder)
    )
    return folder


def names(firing: Iterable[Firing]) -> set[str]:
    """Return the names of what fires."""
    return {dict(labels)["alertname"] for labels in firing}


@pytest.mark.parametrize("scene", SCENES[1:], ids=lambda scene: scene.name)
def test_a_scene_has_the_alerts_that_it_deserves(tools: Tools, tmp_path: Path, ledger: Path, scene: Scene) -> None:
    """Within two and a half hours all of them fire, and no others; the default has its own test."""
    folder = tmp_path / "data"
    shutil.copytree(ledger, folder)
    step = timedelta(minutes=5)
    played = asyncio.run(play(scene.name, BEGINS, timedelta(hours=2, minutes=30), step, folder=folder))
    fired = played.firing(tools, tmp_path, read_groups(), step)
    assert names(set().union(*fired.values())) == {*ALWAYS, *scene.alerts}


def test_the_first_hour_has_few_notifications(tools: Tools, tmp_path: Path) -> None:
    """Who starts the demo and its Prometheus hears of the one incident, of nothing else, and not again and again."""
    minute, scene = timedelta(minutes=1), SCENES[0]
    played = asyncio.run(play(scene.name, BEGINS, timedelta(minutes=75), minute))
    fired = played.firing(tools, tmp_path, read_groups(), minute)
    assert names(set().union(*fired.values())) == {*ALWAYS, *scene.alerts}
    told = notified(tools, tmp_path, fired)
    assert {alert.labels["alertname"] for alert in told} <= {*scene.alerts, *ALWAYS}
    assert any(alert.labels["alertname"] in scene.alerts for alert in told)
    assert len(told) <= MOST_NOTIFICATIONS, [(alert.status, alert.labels) for alert in told]


def test_healthy_days_page_nobody(tools: Tools, tmp_path: Path) -> None:
    """In 15 days of an account whose largest project costs 385 USD a month, nothing critical fires at any hour."""
    step = timedelta(minutes=10)
    played = asyncio.run(play("healthy", BEGINS, timedelta(days=15), step, asked_every=18))
    critical = [
        name
        for name in ALERTS
        if any(r.get("alert") == name and r["labels"]["severity"] == "critical" for r in SHIPPED)
    ]
    groups = only([*critical, "CloudflareWatchdog"])
    fired = played.firing(tools, tmp_path, groups, timedelta(hours=1), judged_every=timedelta(minutes=30))
    assert len(fired) >= 15 * 24 - 5
    assert {labels for firing in fired.values() for labels in firing if ("severity", "critical") in labels} == set()
    assert LEAST_COST < max(costs(played.scrapes[-1]).values()) < MOST_COST


def costs(scrape: Mapping[str, float]) -> Mapping[str, float]:
    """Return the forecast of a billing cycle by project, in USD."""
    found: Counter[str] = Counter()
    for series, value in scrape.items():
        if series.startswith("cloudflare_cost_forecast_usd{"):
            found[series.partition('project="')[2].partition('"')[0]] += value
    return found


def notified(tools: Tools, folder: Path, fired: Mapping[timedelta, set[Firing]]) -> list[Alert]:
    """Return what `make run` would print: each alert of each notification. Only the waits between them are shorter."""
    told: list[Alert] = []
    secrets, workspace, port = folder / "secrets", Workspace(folder / "run"), any_free()
    secrets.mkdir()
    with Receiver(any_free(), told.append) as receiver:
        workspace.tell(secrets, routing_without_grafana(), receiver.url)
        configuration = workspace.folder / "alertmanager.yml"
        configuration.write_text(shorten(configuration.read_text(encoding="utf-8")), encoding="utf-8")
        command = workspace.alertmanager_command(tools, port)
        with Process("Alertmanager", command, workspace.folder / "alertmanager.log") as process:
            process.start()
            process.wait_until_ready(f"http://{LOOPBACK}:{port}/-/ready", 60)
            before: set[Firing] = set()
            for moment in sorted(fired):
                if fired[moment] != before:
                    post(port, fired[moment], before - fired[moment])
                    time.sleep(2.5)
                before = fired[moment]
    return told


def post(port: int, firing: Iterable[Firing], over: Iterable[Firing]) -> None:
    """Post alerts as Prometheus does: those that fire, and those that are over."""
    now = datetime.now(UTC)
    ends = [*((labels, now + timedelta(hours=1)) for labels in firing), *((labels, now) for labels in over)]
    alerts = [
        {
            "labels": dict(labels),
            "annotations": {"summary": "It fires."},
            "startsAt": (now - timedelta(seconds=1)).isoformat(),
            "endsAt": end.isoformat(),
        }
        for labels, end in ends
    ]
    answer = httpx.post(f"http://{LOOPBACK}:{port}/api/v2/alerts", json=alerts, timeout=10, trust_env=False)
    assert answer.status_code == 200, answer.text
