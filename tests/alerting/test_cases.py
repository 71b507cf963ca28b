"""Every alert: just below, just above, and where it must not fire; annotations in full."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerting.runbook import first_steps
from stack.tools import Tools
from tests.alerting.cases import (
    d1,
    durable_objects,
    exporter,
    exporter_counting,
    failing,
    kv,
    money,
    r2,
    runaways,
    workers,
)
from tests.alerting.cases.stage import QUIET, Firing, Scene, Way
from tests.alerting.shipped import SHIPPED, expressions_of, judge, only, rests_on, shown

SCENES: tuple[Scene, ...] = tuple(
    scene
    for room in (exporter, exporter_counting, failing, workers, r2, d1, durable_objects, kv, money, runaways)
    for scene in room.scenes()
)

PAGES = (
    ("CloudflareWorker", "workers"),
    ("CloudflareR2", "r2"),
    ("CloudflareD1", "d1"),
    ("CloudflareDurableObject", "durable_objects"),
    ("CloudflareKv", "kv"),
    ("Cloudflare(Cost|ListCost|Budget|Quota|Billed)", "cost"),
    ("CloudflareCriticalUnresolved", "overview"),
    ("Cloudflare", "exporter"),
)
"""How alerts are called that a dashboard shows; the first that fits."""

ASSETS = ("script_name", "bucket", "database", "do_namespace", "kv_namespace")

LOGS = "https://dash.cloudflare.com/?to=/:account/workers/services/view/{script_name}/production/observability/logs"

DATA_TIME = re.compile(r"queried_until_timestamp_seconds:(max_)?increase")

pytestmark = pytest.mark.timeout(180)


def alerts() -> Iterator[tuple[str, str]]:
    for rule in SHIPPED:
        if "alert" in rule:
            yield rule["alert"], rule["labels"]["severity"]


def expected(scene: Scene, firing: Firing) -> dict[str, Any]:
    page = next(page for name, page in PAGES if re.match(name, scene.alert))
    about = "".join(f"&var-{label}={firing.labels[label]}" for label in ASSETS if label in firing.labels)
    chosen = f"?{firing.dashboard}{about}" if firing.dashboard else ""
    job = {} if "job" in firing.labels else {"job": "cloudflare"}
    return {
        "exp_labels": job
        | {"severity": scene.severity}
        | {key: value for key, value in firing.labels.items() if value},
        "exp_annotations": {
            "summary": firing.summary,
            "description": firing.description,
            "action": first_steps(scene.alert),
            "runbook_url": f"alerting/runbook.md#{scene.alert.lower()}",
            "dashboard_url": f"/d/cloudflare-{page}/cloudflare-{page}{chosen}",
        }
        | ({"logs_url": LOGS.format(**firing.labels)} if firing.has_logs else {}),
    }


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.alert}-{scene.severity}-{scene.name}")
def test_exactly_what_is_above_fires(scene: Scene, tools: Tools, tmp_path: Path) -> None:
    """Prometheus' own rule engine says so, at every check."""
    wanted = [expected(scene, firing) for firing in scene.fires]
    test = {
        "name": scene.name,
        "interval": f"{scene.step}s",
        "input_series": list(scene.input_series()),
        "alert_rule_test": [
            {"eval_time": f"{second}s", "alertname": scene.alert, "exp_alerts": wanted}
            for second in scene.check_times()
        ],
    }
    said = judge(
        tools.promtool,
        tmp_path,
        only({scene.alert}, scene.severity),
        test,
        seconds=150,
        step=f"{scene.evaluation_step}s",
    )
    assert not said, shown(said)


def test_every_alert_has_its_cases() -> None:
    """At each severity: one below, one above, one that must not fire, and, of a rate, one with Cloudflare away."""
    covered: defaultdict[tuple[str, str], set[Way]] = defaultdict(set)
    for scene in SCENES:
        covered[scene.alert, scene.severity] |= scene.ways.keys()
        assert bool(scene.fires) == (Way.ABOVE in scene.ways), scene.name
    assert covered.keys() == set(alerts())
    always = {rule["alert"] for rule in SHIPPED if "alert" in rule and rule["expr"] == "vector(1)"}
    records = {rule["record"]: rule["expr"] for rule in SHIPPED if "record" in rule}
    missing = []
    for (alert, severity), ways in sorted(covered.items()):
        if alert in always:
            continue
        rests_on_rates = any(DATA_TIME.search(records[name]) for name in rests_on(expressions_of(alert)))
        wanted = {Way.ABOVE, Way.BELOW} | ({Way.AWAY} if rests_on_rates else set())
        if wanted - ways or not ways & QUIET:
            missing.append((alert, severity, sorted(wanted - ways), bool(ways & QUIET)))
    assert not missing


def test_the_scenes_names_are_sentences() -> None:
    """A case that fails says what it is about."""
    for scene in SCENES:
        assert not scene.name[0].islower() and scene.name.endswith("."), scene.name
