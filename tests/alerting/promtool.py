"""Scrapes as a test of Prometheus' own rule engine: ``promtool test rules`` decides what is recorded and what fires."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from stack.tools import REPOSITORY
from tests.alerting.scene import BEGIN, Scrape

RULES = tuple(sorted((REPOSITORY / "alerting/rules").glob("*.yml")))

FIRST_GROUPS = [f"cloudflare.{name}" for name in ("thresholds", "overrides", "usage", "hours", "costs", "list_costs")]
"""What the groups of alerts read, in order."""

LAST_GROUP = "cloudflare.escalation"
"""What reads the alerts."""

TARGET_LABELS = {
    "job": "cloudflare",
    "instance": "10.0.0.1:9199",
    "namespace": "monitoring",
    "pod": "exporter-0",
    "service": "exporter",
}

STEP_SECONDS = 5
"""The distance of the values of a series; between two scrapes they are empty."""

SHOWN_LINES = 20
"""Of what promtool says about a test that fails: one fault makes many, and the first tells most."""

Labels = Mapping[str, str]


def read_rules(files: Sequence[Path] = RULES) -> list[dict[str, Any]]:
    """Give the rules of some files."""
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def selected_metrics(rules: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Give the exporter's metrics that rules read, what they record themselves left out."""
    return frozenset(name for rule in rules for name in re.findall(r"(?<![\w:])cloudflare_\w+", rule["expr"]))


def groups_in_order(files: Sequence[Path]) -> list[str]:
    """Give the names of the groups of some files, so that what is recorded is there for who reads it.

    Prometheus evaluates groups side by side; a test that compares to the digit wants them one after the other.
    """
    names = [group["name"] for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return sorted(names, key=place_of_group)


def place_of_group(name: str) -> int:
    """Give where a group stands among the others."""
    if name == LAST_GROUP:
        return len(FIRST_GROUPS) + 1
    return FIRST_GROUPS.index(name) if name in FIRST_GROUPS else len(FIRST_GROUPS)


@dataclass
class RuleTest:
    """One test of rules on scraped values. Times are seconds of the scene."""

    scrapes: Sequence[Scrape]
    rules: Sequence[Path] = RULES
    _alerts: list[dict[str, Any]] = field(default_factory=list)
    _expressions: list[dict[str, Any]] = field(default_factory=list)

    def expect_alerts(self, second: int, name: str, alerts: Sequence[tuple[Labels, Labels]]) -> None:
        """Want exactly these alerts of a name to fire: labels and annotations of each."""
        wanted = [{"exp_labels": dict(labels), "exp_annotations": dict(notes)} for labels, notes in alerts]
        self._alerts.append({"eval_time": f"{second}s", "alertname": name, "exp_alerts": wanted})

    def expect_samples(self, second: int, expression: str, samples: Mapping[str, float]) -> None:
        """Want an expression to give exactly these samples, by series."""
        wanted = [{"labels": labels, "value": value} for labels, value in samples.items()]
        self._expressions.append({"expr": expression, "eval_time": f"{second}s", "exp_samples": wanted})

    def run(self, promtool: Path, folder: Path) -> None:
        """Let promtool decide; fails with what it says."""
        file = folder / "test.yml"
        # JSON is YAML, and is written and read faster.
        file.write_text(json.dumps(self._content()))
        command: list[str | Path] = [promtool, "test", "rules", file]
        outcome = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL
        )
        said = [line for line in (outcome.stdout + outcome.stderr).splitlines() if line]
        assert outcome.returncode == 0, "\n".join(said[:SHOWN_LINES])

    def _content(self) -> dict[str, Any]:
        test = {
            "interval": f"{STEP_SECONDS}s",
            "input_series": list(_input_series(self.scrapes)),
            "alert_rule_test": self._alerts,
            "promql_expr_test": self._expressions,
        }
        return {
            "rule_files": [str(file) for file in self.rules],
            "evaluation_interval": "1m",
            "group_eval_order": groups_in_order(self.rules),
            "tests": [test],
        }


def _input_series(scrapes: Sequence[Scrape]) -> list[dict[str, str]]:
    names = {series for scrape in scrapes for series in scrape.values or ()}
    values = {name: [_printed(name, (scrape.values or {}).get(name)) for scrape in scrapes] for name in sorted(names)}
    values["up"] = [str(int(scrape.values is not None)) for scrape in scrapes]
    steps = [scrape.second // STEP_SECONDS for scrape in scrapes]
    gaps = [later - earlier - 1 for earlier, later in zip([-1, *steps], steps, strict=False)]
    return [{"series": of_target(name), "values": _laid_out(values[name], gaps)} for name in values]


def _printed(name: str, value: str | None) -> str:
    """Give a value as promtool reads it. Its time begins at 0, so points in time are counted from the scene's begin."""
    if value is None or not name.partition("{")[0].endswith("_timestamp_seconds"):
        return value or "stale"
    return str(float(value) - BEGIN.timestamp())


def of_target(series: str) -> str:
    """Give a series with the labels that Prometheus puts on what it scrapes."""
    name, _, labels = series.partition("{")
    target = ",".join(f'{label}="{value}"' for label, value in TARGET_LABELS.items())
    return f"{name}{{{target}{',' if labels else ''}{labels or '}'}"


def _laid_out(values: Sequence[str], gaps: Sequence[int]) -> str:
    return " ".join(f"_x{gap} {value}" for gap, value in zip(gaps, values, strict=True))
