"""Every query of the documentation is one, of metrics and labels that there are."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from stack.tools import REPOSITORY, Tools
from tests.alerting.test_names import (
    BY_PROMETHEUS,
    GROUPED,
    SELECTOR,
    base_labels,
    names_in,
    recorded,
)
from tests.bundle.test_configuration import run
from tests.docs.examples import Example, blocks, spans

CATALOGUE = REPOSITORY / "tests/metrics/golden_catalogue.txt"

LABELS_ONLY = re.compile(r"(cloudflare_\w+)\{([a-z_, ]+)\}")
"""A metric with the names of its labels, which is no query."""

CALL = re.compile(r"[a-z_]+\(.+\)", re.DOTALL)
SELECTION = re.compile(r"[a-z_:0-9]+\{.*\}(\[\w+\])?", re.DOTALL)


@pytest.fixture(scope="module")
def exposed() -> dict[str, frozenset[str]]:
    """Label names by metric, of everything that the exporter exposes and Prometheus adds."""
    found = dict(BY_PROMETHEUS) | {"ALERTS_FOR_STATE": BY_PROMETHEUS["ALERTS"] - {"alertstate"}}
    for line in CATALOGUE.read_text(encoding="utf-8").splitlines():
        name, kind, *labels = line.split()
        found[name] = frozenset(labels)
        if kind == "summary":
            found |= {f"{name}{end}": frozenset(labels) - {"quantile"} for end in ("_sum", "_count")}
    return found


def queries() -> Iterator[tuple[Example, str]]:
    """Return each query with something in the place of what it leaves out."""
    for example in [*blocks("query"), *filter(is_query, spans())]:
        text = re.sub(r'"[^"]*"', lambda quoted: quoted[0].replace("…", "example"), example.text)
        yield example, text.replace("…[", "up[").replace("…", 'account="example"').replace("$__range", "1h")


def is_query(span: Example) -> bool:
    """Return whether a code span is PromQL: a function of something, or a metric with matchers."""
    if LABELS_ONLY.fullmatch(span.text):
        return False
    is_selection = bool(SELECTION.fullmatch(span.text)) and ("=" in span.text or "…" in span.text)
    return is_selection or (bool(CALL.fullmatch(span.text)) and "[" in span.text)


def test_every_query_is_promql(tools: Tools, tmp_path: Path) -> None:
    """Prometheus can parse each as it is pasted."""
    groups = [
        {"name": f"{number} at {example.place}", "rules": [{"record": "query", "expr": text}]}
        for number, (example, text) in enumerate(queries())
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
    assert f"{len(groups)} rules found" in run(tools.promtool, "check", "rules", "--lint=none", file)


def test_queries_select_what_exists(exposed: Mapping[str, frozenset[str]]) -> None:
    """Metrics are exposed by the exporter, recorded by a rule, or Prometheus' own, and have the labels asked for."""
    assert [fault for example, text in queries() for fault in strange(example, text, exposed)] == []


def strange(example: Example, query: str, exposed: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Return what a query names and does not exist."""
    names = names_in(query) | {metric for metric, _ in SELECTOR.findall(query)}
    known = exposed.keys() | recorded().keys()
    if not names or names - known:
        yield f"{example.place}: {sorted(names - known) or 'no metric'}"
        return
    for metric, matchers in SELECTOR.findall(query):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', "", matchers)))
        possible = exposed[metric] if metric in exposed else base_labels(metric, exposed)
        if labels - possible - {"job"}:
            yield f"{example.place}: {metric} has no label {sorted(labels - possible)}"
    grouped = {label.strip() for group in GROUPED.findall(query) for label in group.split(",")} - {""}
    if grouped - base_labels(query, exposed):
        yield f"{example.place}: nothing has the label {sorted(grouped - base_labels(query, exposed))}"


def test_labels_in_sentences_are_those_of_the_metric(exposed: Mapping[str, frozenset[str]]) -> None:
    """Where a metric stands with the names of labels it has these."""
    found = [(span, match) for span in spans() if (match := LABELS_ONLY.fullmatch(span.text))]
    assert found
    for span, match in found:
        assert set(re.findall(r"\w+", match[2])) <= exposed.get(match[1], frozenset()), span.place


def test_samples_are_of_metrics_with_these_labels(exposed: Mapping[str, frozenset[str]]) -> None:
    """A line of /metrics that is shown has the metric's labels, no more and no fewer."""
    for block in blocks("samples"):
        for line in block.text.splitlines():
            metric = line.partition("{")[0]
            assert set(re.findall(r'(\w+)="', line)) == exposed[metric], (block.place, metric)
