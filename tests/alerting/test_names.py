"""Every metric and label that a rule uses exists; thresholds and adjustable alerts are those of the rules."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from alerting.build import RULES, THRESHOLDS, build
from alerting.promql import subjects
from docs.metrics import other_rows, product_rows
from exporter.alerts import SEVERITIES
from exporter.alerts.names import OF_COSTS, OF_EXPORTER
from exporter.alerts.table import ADJUSTABLE, ALERTS
from exporter.catalog import KINDS, PRODUCTS
from tests.alerting.shipped import SHIPPED, read_rules

BY_PROMETHEUS: Mapping[str, frozenset[str]] = {
    "up": frozenset({"job", "instance"}),
    "ALERTS": frozenset({"alertname", "alertstate", "severity", "product", "job", "account", "project"}),
}

OUR_OWN = frozenset({"job", "instance", "day", "week", "alert"})
"""The target's job and instance, and labels that the rules themselves put on."""

SELECTOR = re.compile(r"(?<![\w:.$])([a-zA-Z_][\w:]*)\{([^}]*)\}")
NAME = re.compile(r"(?<![\w:.$\"])((?:\w+:)?cloudflare[\w]*(?::[\w]+)*|up|ALERTS)(?![\w:(\"])")
REPLACED = re.compile(r'"(\w+)", "[^"]*", "\w*", "[^"]*"\s*\)')
"""The label that a ``label_replace`` puts on."""

GROUPED = re.compile(r"\b(?:by|on|group_left|without)\s*\(([^)]*)\)")


@pytest.fixture(scope="module")
def catalog() -> dict[str, frozenset[str]]:
    """Label names by metric, of everything that the exporter exposes."""
    known = dict(BY_PROMETHEUS)
    rows = [row for product in PRODUCTS for row in product_rows(product)] + other_rows()
    for row in rows:
        labels = frozenset(row.labels)
        known[row.name] = labels
        if row.kind == "summary":
            known |= {row.name + end: labels - {"quantile"} for end in ("_sum", "_count")}
    return known


def recorded() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for rule in SHIPPED:
        if "record" in rule:
            found.setdefault(rule["record"], []).append(rule["expr"])
    return found


def set_labels(name: str) -> frozenset[str]:
    return frozenset(label for rule in SHIPPED if rule.get("record") == name for label in rule.get("labels", {}))


def names_in(expression: str) -> set[str]:
    without_strings = re.sub(r'"[^"]*"', '""', expression)
    return set(NAME.findall(re.sub(r"\{[^}]*\}", "", without_strings)))


def base_labels(expression: str, catalog: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The labels of all that an expression rests on, by way of records too."""
    records, seen, labels = recorded(), set[str](), set(OUR_OWN)
    waiting = [expression]
    while waiting:
        expression = waiting.pop()
        labels |= set(REPLACED.findall(expression))
        for name in names_in(expression) - seen:
            seen.add(name)
            labels |= catalog.get(name, frozenset()) | set_labels(name)
            waiting += records.get(name, [])
    return frozenset(labels)


def test_every_metric_exists(catalog: Mapping[str, frozenset[str]]) -> None:
    """What a rule selects is exposed by the exporter, recorded by a rule, or Prometheus' own."""
    known = catalog.keys() | recorded().keys()
    for rule in SHIPPED:
        names = names_in(rule["expr"])
        assert names or re.fullmatch(r"vector\(.+\)", rule["expr"]), rule["expr"]
        assert names <= known, (rule.get("alert", rule.get("record")), names - known)


def test_every_label_exists(catalog: Mapping[str, frozenset[str]]) -> None:
    """What a rule matches and groups by are labels of what it rests on."""
    for rule in SHIPPED:
        what, expression = rule.get("alert", rule.get("record")), rule["expr"]
        for name, matchers in SELECTOR.findall(expression):
            matched = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', "", matchers))
            # Prometheus renames a label that a target has, too.
            labels = {label.removeprefix("exported_") for label in matched}
            possible = catalog[name] if name in catalog else base_labels(name, catalog)
            assert labels <= possible | {"job"}, (what, name, labels - possible)
        grouped = {
            label.strip() for group in GROUPED.findall(expression) for label in group.split(",") if label.strip()
        }
        possible = base_labels(expression, catalog) | set(re.findall(r'label_replace\(.*?, "(\w+)"', expression))
        assert grouped <= possible | {kind.label for kind in KINDS.values()}, (
            what,
            grouped - possible,
        )


def test_every_annotation_names_labels_that_exist(catalog: Mapping[str, frozenset[str]]) -> None:
    """A text names no label that is never there."""
    for rule in SHIPPED:
        if "alert" in rule:
            said = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
            assert said <= base_labels(rule["expr"], catalog), (rule["alert"], said)


def knobs() -> Iterator[tuple[str, str, str]]:
    """Return the knobs: alert, and its severity or what is set."""
    for rule in read_rules([THRESHOLDS]):
        labels = rule["labels"]
        word = "severity" if rule["record"].startswith("cloudflare:alert_threshold") else "setting"
        yield rule["record"], labels["alert"], labels[word]


def test_every_knob_turns_something() -> None:
    """Each threshold and setting is read by its alert's rules, and whatever a rule reads is there, once."""
    read = {
        (name, *re.findall(r'"([^"]+)"', matchers))
        for rule in SHIPPED
        for name, matchers in SELECTOR.findall(rule["expr"])
        if name in {"cloudflare:alert_threshold:default", "cloudflare:alert_setting:default"}
    }
    turned = list(knobs())
    assert len(set(turned)) == len(turned)
    assert set(turned) == read


def test_every_knob_has_a_comment() -> None:
    """The line before each knob says what the number is."""
    lines = THRESHOLDS.read_text().splitlines()
    for number, line in enumerate(lines):
        if line.strip().startswith("- record:"):
            assert lines[number - 1].strip().startswith("# "), line


def test_what_can_be_adjusted_is_what_the_rules_join() -> None:
    """The configuration accepts exactly the alerts, subjects and severities whose rules look for exceptions."""
    kinds = {subject.exceptions: kind for kind, subject in subjects(PRODUCTS).items()}
    joined = {
        (*re.findall(r'"([^"]+)"', matchers), kinds[name])
        for rule in SHIPPED
        for name, matchers in SELECTOR.findall(rule["expr"])
        if name in kinds
    }
    adjustable = {
        (alert.name, severity, alert.subject) for alert in ADJUSTABLE.values() for severity in alert.severities
    }
    assert joined == adjustable


def test_the_table_has_all_alerts() -> None:
    """Each alert and severity of the table is a rule, and each rule is in the table."""
    rules = {(rule["alert"], rule["labels"]["severity"]) for rule in SHIPPED if "alert" in rule}
    assert {(alert.name, severity) for alert in ALERTS.values() for severity in alert.severities} == rules


def test_the_committed_rules_are_what_the_tables_give() -> None:
    """`make rules` changes nothing."""
    written = {file.name: file.read_text(encoding="utf-8") for file in RULES.glob("*.yml")}
    assert written == dict(build())


def test_severities_and_products_are_routed() -> None:
    """Alerts carry the severities and products that routes are made of."""
    products = {product.name for product in PRODUCTS} | {OF_COSTS, OF_EXPORTER}
    for rule in SHIPPED:
        if "alert" in rule:
            assert rule["labels"]["severity"] in SEVERITIES
            assert rule["labels"].get("product", OF_EXPORTER) in products


def test_every_file_of_rules_is_yaml() -> None:
    """Group names are unique over all files."""
    names = [
        group["name"]
        for file in sorted(Path(RULES).glob("*.yml"))
        for group in yaml.safe_load(file.read_text())["groups"]
    ]
    assert len(set(names)) == len(names)
