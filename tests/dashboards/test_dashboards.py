"""The dashboards are what the builder gives, ask for what exists, and agree with the rules."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

from dashboards import lines
from dashboards.build import OUT, build
from docs.metrics import other_rows, product_rows
from exporter.catalog import PRODUCTS
from stack.tools import REPOSITORY, Tools
from tests.dashboards.reading import DASHBOARDS, Json, expand, expressions, panels, selected

BY_PROMETHEUS = {"up", "ALERTS", "scrape_duration_seconds"}
BY_PROCESS = {"process_resident_memory_bytes"}
"""What the Prometheus client library exposes."""

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)


@cache
def rules() -> list[Json]:
    groups = [
        group
        for file in (REPOSITORY / "alerting/rules").glob("*.yml")
        for group in yaml.safe_load(file.read_text())["groups"]
    ]
    return [rule for group in groups for rule in group["rules"]]


@cache
def exposed() -> frozenset[str]:
    """The names of everything that the exporter exposes."""
    rows = [row for product in PRODUCTS for row in product_rows(product)] + other_rows()
    summaries = {row.name for row in rows if row.kind == "summary"}
    return frozenset(row.name for row in rows) | {name + piece for name in summaries for piece in ("_sum", "_count")}


def test_the_committed_files_are_what_the_builder_gives() -> None:
    """`make dashboards` changes nothing."""
    assert {file.name: file.read_text(encoding="utf-8") for file in OUT.iterdir()} == dict(build())


@every_dashboard
def test_every_metric_exists(dashboard: Json) -> None:
    """What a dashboard selects is exposed by the exporter, recorded by a rule, or Prometheus' own."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    known = exposed() | recorded | BY_PROMETHEUS | BY_PROCESS
    for expression in expressions(dashboard):
        named = re.search(r'__name__=~"([^"]+)"', expression)
        asked = {name for name in named[1].split("|") if name != "cloudflare_.+"} if named else selected(expression)
        assert (asked or named or {expression} <= known) and asked <= known, expression


@every_dashboard
def test_every_expression_is_promql(dashboard: Json, tools: Tools, tmp_path: Path) -> None:
    """Prometheus can parse every expression."""
    file = tmp_path / "expressions.yml"
    asked = [
        {"record": f"expression:{number}", "expr": expand(text)} for number, text in enumerate(expressions(dashboard))
    ]
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": asked}]}))
    outcome = subprocess.run(
        [tools.promtool, "check", "rules", file], capture_output=True, text=True, check=False, timeout=60
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("line", lines.LINES, ids=lambda line: f"{line.alert}-{line.severity}")
def test_lines_are_where_alerts_are(line: lines.Line) -> None:
    """A coloured threshold is the number that the alert compares with."""
    assert line.value == default_threshold(line.alert, line.severity)


def test_nothing_else_is_coloured_by_its_size() -> None:
    """Each number at which a colour changes is a line of an alert, or tells something from nothing."""
    of_alerts = {line.value for line in lines.LINES} | {lines.STALE_SECONDS}
    for dashboard in DASHBOARDS.values():
        for panel in panels(dashboard):
            config = panel["fieldConfig"]
            of_columns = [
                entry["value"] for rule in config["overrides"] for entry in rule["properties"] if is_steps(entry)
            ]
            for thresholds in [config["defaults"].get("thresholds", {"steps": []}), *of_columns]:
                values = {step["value"] for step in thresholds["steps"]} - {None}
                assert values <= of_alerts | {1}, panel["title"]


def is_steps(entry: Json) -> bool:
    return bool(entry["id"] == "thresholds")


def default_threshold(alert: str, severity: str) -> float:
    """Return the knob of an alert."""
    (expression,) = (
        rule["expr"]
        for rule in rules()
        if is_threshold(rule) and (rule["labels"]["alert"], rule["labels"]["severity"]) == (alert, severity)
    )
    return float(expression.removeprefix("vector(").removesuffix(")"))


def is_threshold(rule: Json) -> bool:
    return bool(rule.get("record") == "cloudflare:alert_threshold:default")


def test_old_figures_are_red_where_the_alert_is() -> None:
    """The age that turns red is the one that CloudflareDatasetStale compares with at a minute's refresh."""
    (expression,) = (rule["expr"] for rule in rules() if rule.get("alert") == "CloudflareDatasetStale")
    found = re.search(r"(\d+) \* max by \(job\) \(cloudflare_exporter_refresh_interval_seconds\)", expression)
    assert found
    assert max(default_threshold("CloudflareDatasetStale", "warning"), int(found[1]) * 60) == lines.STALE_SECONDS
