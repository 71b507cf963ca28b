"""The rules that are shipped, what rests on what, and Prometheus' own rule engine that decides what they do."""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from stack.tools import REPOSITORY

Json = dict[str, Any]

RULES = tuple(sorted((REPOSITORY / "alerting/rules").glob("*.yml")))

FIRST_GROUPS = [f"cloudflare.{name}" for name in ("thresholds", "overrides", "usage", "hours", "costs", "list_costs")]
"""What the groups of alerts read, in order."""

LAST_GROUP = "cloudflare.escalation"
"""What reads the alerts."""

SHOWN_LINES = 20
"""Of what promtool says about a test that fails: one fault makes many, and the first tells most."""


def read_groups(files: Sequence[Path] = RULES) -> list[Json]:
    """Return the groups of some files, so that what is recorded is there for who reads it.

    Prometheus evaluates groups side by side; a test that compares to the digit wants them one after the other.
    """
    groups = [group for file in files for group in _read_file(file)]
    return sorted(groups, key=lambda group: _place(group["name"]))


@cache
def _read_file(file: Path) -> list[Json]:
    groups: list[Json] = yaml.safe_load(file.read_text())["groups"]
    return groups


def _place(name: str) -> int:
    if name == LAST_GROUP:
        return len(FIRST_GROUPS) + 1
    return FIRST_GROUPS.index(name) if name in FIRST_GROUPS else len(FIRST_GROUPS)


def read_rules(files: Sequence[Path] = RULES) -> list[Json]:
    """Return the rules of some files."""
    return [rule for group in read_groups(files) for rule in group["rules"]]


SHIPPED = read_rules()

ALERTS = sorted({rule["alert"] for rule in SHIPPED if "alert" in rule})


def selected_metrics(rules: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the exporter's metrics that rules read, what they record themselves left out."""
    return frozenset(name for rule in rules for name in re.findall(r"(?<![\w:])cloudflare_\w+", rule["expr"]))


def rests_on(expressions: Iterable[str]) -> set[str]:
    """Return the records that some expressions rest on."""
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


def expressions_of(alert: str) -> list[str]:
    """Return what an alert asks for, its expressions and the queries in its texts, one each a severity."""
    return [f"{rule['expr']}\n{rule['annotations']['description']}" for rule in SHIPPED if rule.get("alert") == alert]


def only(alerts: Collection[str], severity: str = "") -> list[Json]:
    """Return the groups with only some alerts, or those of a severity, and what they rest on."""
    wanted = rests_on(text for alert in alerts for text in expressions_of(alert))
    read = [rule["expr"] for rule in SHIPPED if rule.get("record") in wanted or rule.get("alert") in alerts]
    # Of thresholds and settings, of which each alert has its own, those that are read.
    named = set(re.findall(r'alert="(\w+)"', " ".join(read)))
    kept = []
    for group in read_groups():
        rules = [
            rule
            for rule in group["rules"]
            if (rule.get("record") in wanted and rule.get("labels", {}).get("alert", "") in {"", *named})
            or (rule.get("alert") in alerts and severity in {"", rule["labels"]["severity"]})
        ]
        if rules:
            kept.append({**group, "rules": rules})
    return kept


def judge(promtool: Path, folder: Path, groups: Sequence[Json], test: Json, *, seconds: int, step: str = "1m") -> str:
    """Let promtool run one test of some groups of rules; gives what it says, which is nothing if all is well."""
    rules, file = folder / "rules.yml", folder / "test.yml"
    # JSON is YAML, and is written and read faster.
    rules.write_text(json.dumps({"groups": groups}))
    content = {
        "rule_files": [str(rules)],
        "evaluation_interval": step,
        "group_eval_order": [group["name"] for group in groups],
        "tests": [test],
    }
    file.write_text(json.dumps(content))
    command: list[str | Path] = [promtool, "test", "rules", file]
    outcome = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=seconds, stdin=subprocess.DEVNULL
    )
    said = [line for line in (outcome.stdout + outcome.stderr).splitlines() if line]
    return "\n".join(said) if outcome.returncode else ""


def shown(said: str) -> str:
    """Return the first lines of what promtool says."""
    return "\n".join(said.splitlines()[:SHOWN_LINES])
