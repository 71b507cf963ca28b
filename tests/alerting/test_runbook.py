"""The runbook has an entry for each alert, with queries, silences and thresholds that fit it."""

import re
import shlex
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest
import yaml

from alerting import runbook
from alerting.escalation import LASTING
from docs.metrics import other_rows, product_rows
from exporter.alerts.table import ADJUSTABLE
from exporter.catalog import PRODUCTS
from stack.tools import REPOSITORY
from tests.alerting.shipped import read_rules
from tests.alerting.test_cases import SCENES
from tests.alerting.test_names import BY_PROMETHEUS

RUNBOOK = REPOSITORY / "alerting/runbook.md"
TEXT = RUNBOOK.read_text(encoding="utf-8")

PARTS = ["Meaning.", "Impact.", "Diagnosis.", "Action.", "Silencing."]

WITHOUT_QUERY = {"CloudflareWatchdog": "where Prometheus answers a query, this alert is not the trouble"}
"""Entries that need no PromQL, and why."""

ESCALATION = "CloudflareCriticalUnresolved"

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

ENTRIES: dict[str, str] = {
    entry.split("\n", 1)[0]: entry.split("\n", 1)[1] for entry in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
}
"""Heading -> what stands below it."""

ALERTS = [rule for rule in read_rules() if "alert" in rule]

every_entry = pytest.mark.parametrize("name", ENTRIES)


LONGEST_ACTION = 300
"""As much as a person reads in a chat, and every service shows whole."""


def blocks(text: str, language: str) -> list[str]:
    return [content for word, content in BLOCK.findall(text) if word == language]


def queries(text: str) -> list[str]:
    """Return the PromQL of a text, with something in the place of each label."""
    return [query.replace("…", "example") for query in blocks(text, "promql")]


def silences(text: str) -> Iterator[list[str]]:
    """Return the words of each `amtool silence add`, of blocks and within sentences."""
    commands = [line for block in blocks(text, "sh") for line in block.replace("\\\n", " ").splitlines()]
    commands += re.findall(r"`([^`\n]+)`", BLOCK.sub("", text).replace("\n", " "))
    for command in commands:
        words = shlex.split(command) if command.startswith("amtool ") else []
        if words[:3] == ["amtool", "silence", "add"]:
            yield words[3:]


def thresholds(text: str) -> list[dict[str, Any]]:
    """Return the rules that are shown for alerting.thresholds: the examples in YAML that are lists."""
    shown = [yaml.safe_load(block) for block in blocks(text, "yaml")]
    return [rule for example in shown if isinstance(example, list) for rule in example]


def labels_of(alert: str) -> set[str]:
    """Return the labels with which an alert is seen to fire, whatever its severity."""
    firing = [firing.labels for scene in SCENES if scene.alert == alert for firing in scene.fires]
    assert firing, alert
    return {"alertname", "severity", "job"}.union(*firing)


@pytest.fixture(scope="module")
def exposed() -> dict[str, frozenset[str]]:
    """Label names by metric, of everything that the exporter exposes and Prometheus adds."""
    rows = [row for product in PRODUCTS for row in product_rows(product)] + other_rows()
    known = {row.name: frozenset(row.labels) for row in rows}
    return known | dict(BY_PROMETHEUS) | {"ALERTS_FOR_STATE": BY_PROMETHEUS["ALERTS"] - {"alertstate"}}


def test_headings_are_the_alerts() -> None:
    """Each alert has one entry, whatever its severities, and nothing else has one."""
    headings = re.findall(r"^## (.+)$", TEXT, flags=re.MULTILINE)
    assert sorted(headings) == sorted({rule["alert"] for rule in ALERTS})


def test_every_link_leads_somewhere() -> None:
    """The links of the rules and those within the page are anchors of headings; others are files."""
    anchors = {name.lower() for name in ENTRIES}
    for rule in ALERTS:
        file, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (REPOSITORY / file, anchor) == (RUNBOOK, rule["alert"].lower())
        assert anchor in anchors
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        file, _, anchor = target.partition("#")
        assert (RUNBOOK.parent / file).exists() if file else anchor in anchors, target


def test_the_index_has_every_entry_in_order() -> None:
    """The index names all entries, once, as they follow one another."""
    index = TEXT.split("\n## ", 1)[0]
    listed = re.findall(r"\[(\w+)\]\(#(\w+)\)", index[: index.index("Notes for all entries")])
    assert [anchor for _, anchor in listed] == [name.lower() for name in ENTRIES]
    assert [f"Cloudflare{text}" for text, _ in listed] == list(ENTRIES)


def test_entries_stand_in_the_order_of_the_rules() -> None:
    """The exporter, failures, Workers, R2, D1, Durable Objects, KV, money; the escalation comes last."""
    files = ("exporter", "failing", "workers", "r2", "d1", "durable_objects", "kv", "money")
    place = {
        rule["alert"]: number
        for number, file in enumerate(files)
        for rule in read_rules([REPOSITORY / f"alerting/rules/{file}.yml"])
        if "alert" in rule
    }
    place[ESCALATION] = len(files)
    assert all(place[before] <= place[after] for before, after in pairwise(ENTRIES))


@every_entry
def test_an_entry_has_all_its_parts(name: str) -> None:
    """Five parts in order, each with something in it; a query to begin with; a way to be left in peace."""
    entry = ENTRIES[name]
    assert re.findall(r"^\*\*(.+?)\*\*", entry, flags=re.MULTILINE) == PARTS
    before, *parts = re.split(r"^\*\*.+?\*\*", entry, flags=re.MULTILINE)
    assert not before.strip()
    assert all(part.strip() for part in parts)
    assert bool(queries(parts[PARTS.index("Diagnosis.")])) == (name not in WITHOUT_QUERY)
    silencing = parts[PARTS.index("Silencing.")]
    assert [*silences(silencing), *thresholds(silencing)]


@every_entry
def test_the_first_steps_are_in_the_alert(name: str) -> None:
    """They are the first paragraph of the action: whole sentences for any service, short, and without markup."""
    paragraph = ENTRIES[name].split("**Action.**")[1].split("\n\n")[0]
    for rule in (rule for rule in ALERTS if rule["alert"] == name):
        action = rule["annotations"]["action"]
        assert re.findall(r"\w+", action) == re.findall(r"\w+", re.sub(r"\]\([^)]*\)", "", paragraph))
        assert len(action) <= LONGEST_ACTION, len(action)
        assert action[0].isupper() and action.endswith("."), action
        assert not re.search(r"[`*\[\]{}<>|\n]|  ", action), action


@pytest.mark.parametrize("entry", ["", "**Meaning.** It is.\n\n**Silencing.** No.\n"])
def test_an_alert_without_first_steps_is_refused(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules can't be written until somebody has said what to do."""
    monkeypatch.setattr(runbook, "_entries", lambda: {"CloudflareQueueBacklog": entry} if entry else {})
    with pytest.raises(ValueError, match=r"no entry CloudflareQueueBacklog .* write one"):
        runbook.first_steps("CloudflareQueueBacklog")


@every_entry
def test_both_severities_are_spoken_of(name: str) -> None:
    """An alert with two severities has one entry that tells them apart."""
    severities = {rule["labels"]["severity"] for rule in ALERTS if rule["alert"] == name}
    if len(severities) > 1:
        meaning = ENTRIES[name].split("**Impact.**")[0].lower()
        assert all(severity in meaning for severity in severities)


@every_entry
def test_metrics_in_sentences_exist(name: str, exposed: Mapping[str, frozenset[str]]) -> None:
    """So do those that are only spoken of."""
    spoken = set(re.findall(r"`(cloudflare_\w+)", BLOCK.sub("", ENTRIES[name])))
    assert spoken <= exposed.keys()


@every_entry
def test_silences_fit_the_alert(name: str) -> None:
    """They name the alert or its escalation, match labels that it has, end by themselves, and say why."""
    for words in silences(ENTRIES[name]):
        options = {word.split("=")[0] for word in words if word.startswith("--")}
        assert options == {"--duration", "--comment"}, words
        assert any(re.fullmatch(r"--duration=\d+[hd]", word) for word in words), words
        matchers = dict(re.split(r"=~?", word, maxsplit=1) for word in words if not word.startswith("--"))
        if matchers["alertname"] == ESCALATION:
            assert matchers["alert"] == (name if name != ESCALATION else "NAME"), words
        else:
            assert matchers["alertname"] == name, words
        assert matchers.keys() <= labels_of(matchers["alertname"]), words


@every_entry
def test_critical_alerts_are_silenced_with_their_escalation(name: str) -> None:
    """Prometheus knows nothing of silences, so a silenced critical alert is escalated without this, if it is at all."""
    severities = {rule["labels"]["severity"] for rule in ALERTS if rule["alert"] == name}
    escalations = [words for words in silences(ENTRIES[name]) if f"alertname={ESCALATION}" in words]
    assert bool(escalations) == ("critical" in severities and name not in LASTING[1:])


@every_entry
def test_an_alert_with_a_knob_shows_how_to_turn_it(name: str) -> None:
    """The thresholds that are shown can be set, and an alert that has one shows its own."""
    shown = {rule["alert"] for rule in thresholds(ENTRIES[name])}
    assert shown <= ADJUSTABLE.keys()
    assert name not in ADJUSTABLE or name in shown


@every_entry
def test_lines_are_short(name: str) -> None:
    """Nothing is wider than 120 characters."""
    assert [line for line in ENTRIES[name].splitlines() if len(line) > 120] == []
