"""Every alert: just below, just above, and where it must not fire; annotations in full."""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.tools import Tools
from tests.alerting.cases import d1, durable_objects, exporter, kv, money, r2, workers
from tests.alerting.cases.stage import QUIET, Firing, Scene, Way
from tests.alerting.promtool import RULES, place_of_group, read_rules

SCENES: tuple[Scene, ...] = tuple(
    scene for room in (exporter, workers, r2, d1, durable_objects, kv, money) for scene in room.scenes()
)

OVERVIEW = "/d/cloudflare-overview/cloudflare-overview"

SHIPPED = read_rules()

DATA_TIME = re.compile(r"queried_until_timestamp_seconds:(max_)?increase")

pytestmark = pytest.mark.timeout(180)


def alerts() -> Iterator[tuple[str, str]]:
    for rule in SHIPPED:
        if "alert" in rule:
            yield rule["alert"], rule["labels"]["severity"]


def needed(alert: str) -> set[str]:
    """Give the records that an alert rests on, by way of others too."""
    return rests_on(rule["expr"] for rule in SHIPPED if rule.get("alert") == alert)


def rests_on(expressions: Iterable[str]) -> set[str]:
    """Give the records that some expressions rest on."""
    records: dict[str, list[str]] = defaultdict(list)
    for rule in SHIPPED:
        if "record" in rule:
            records[rule["record"]].append(rule["expr"])
    waiting = list(expressions)
    found: set[str] = set()
    while waiting:
        for name in set(re.findall(r"[a-z_]\w*:\w+:\w+", waiting.pop())) & records.keys() - found:
            found.add(name)
            waiting += records[name]
    return found


def rules_of(alert: str) -> dict[str, Any]:
    """Give the shipped groups with only what an alert rests on, in the order in which they read one another."""
    wanted = needed(alert)
    groups = [group for file in RULES for group in yaml.safe_load(file.read_text())["groups"]]
    groups.sort(key=lambda group: place_of_group(group["name"]))
    kept = []
    for group in groups:
        rules = [rule for rule in group["rules"] if rule.get("record") in wanted or rule.get("alert") == alert]
        if rules:
            kept.append({"name": group["name"], "rules": rules})
    return {"groups": kept}


def expected(scene: Scene, firing: Firing) -> dict[str, Any]:
    chosen = f"?{firing.dashboard}" if firing.dashboard else ""
    job = {} if "job" in firing.labels else {"job": "cloudflare"}
    return {
        "exp_labels": job
        | {"severity": scene.severity}
        | {key: value for key, value in firing.labels.items() if value},
        "exp_annotations": {
            "summary": firing.summary,
            "description": firing.description,
            "runbook_url": f"alerting/runbook.md#{scene.alert.lower()}",
            "dashboard_url": f"{OVERVIEW}{chosen}",
        },
    }


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.alert}-{scene.severity}-{scene.name}")
def test_exactly_what_is_above_fires(scene: Scene, tools: Tools, tmp_path: Path) -> None:
    """Prometheus' own rule engine says so, at every check."""
    rules, test = tmp_path / "rules.yml", tmp_path / "test.yml"
    subset = rules_of(scene.alert)
    for group in subset["groups"]:
        group["rules"] = [
            rule
            for rule in group["rules"]
            if "record" in rule or (rule["alert"], rule["labels"]["severity"]) == (scene.alert, scene.severity)
        ]
    rules.write_text(json.dumps(subset))
    wanted = [expected(scene, firing) for firing in scene.fires]
    case = {
        "name": scene.name,
        "interval": f"{scene.step}s",
        "input_series": list(scene.input_series()),
        "alert_rule_test": [
            {"eval_time": f"{second}s", "alertname": scene.alert, "exp_alerts": wanted}
            for second in scene.check_times()
        ],
    }
    content = {
        "rule_files": [str(rules)],
        "evaluation_interval": f"{scene.step}s",
        "group_eval_order": [group["name"] for group in subset["groups"]],
        "tests": [case],
    }
    test.write_text(json.dumps(content))
    command: list[str | Path] = [tools.promtool, "test", "rules", test]
    outcome = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=150, stdin=subprocess.DEVNULL
    )
    said = [line for line in (outcome.stdout + outcome.stderr).splitlines() if line]
    assert outcome.returncode == 0, "\n".join(said[:30])


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
        rests_on_rates = any(DATA_TIME.search(records[name]) for name in needed(alert))
        wanted = {Way.ABOVE, Way.BELOW} | ({Way.AWAY} if rests_on_rates else set())
        if wanted - ways or not ways & QUIET:
            missing.append((alert, severity, sorted(wanted - ways), bool(ways & QUIET)))
    assert not missing


def test_the_scenes_names_are_sentences() -> None:
    """A case that fails says what it is about."""
    for scene in SCENES:
        assert not scene.name[0].islower() and scene.name.endswith("."), scene.name
