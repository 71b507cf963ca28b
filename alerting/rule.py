"""Recording and alerting rules as values, and their YAML."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerting.runbook import entry_url, first_steps
from exporter.alerts.names import OF_COSTS

WIDTH = 120

PAGES = {"": "overview", OF_COSTS: "cost"}
"""Product -> the dashboard that shows its alerts, if its name differs from the product's."""


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule; ``why`` becomes its comment."""

    name: str
    expr: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alerting rule.

    It fires after ``wait`` and keeps firing for ``keep``. ``subject`` holds the labels that the dashboard is opened
    with; ``optional`` ones are left out if the series lack them. An empty ``product`` keeps the label of the series.
    The dashboard is the product's, unless ``page`` names another. ``logs_url`` is where Cloudflare shows the subject's
    logs.
    """

    name: str
    severity: str
    product: str
    expr: str
    summary: str
    description: str
    wait: str = ""
    keep: str = ""
    subject: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    page: str = ""
    logs_url: str = ""
    why: str = ""

    @property
    def dashboard_url(self) -> str:
        """Return the path of its dashboard, relative to Grafana's address."""
        uid = f"cloudflare-{self.page or PAGES.get(self.product, self.product)}"
        chosen = "&".join(f"var-{label}={{{{ $labels.{label} | urlquery }}}}" for label in self.subject)
        perhaps = "".join(
            f"{{{{ with $labels.{label} }}}}&var-{label}={{{{ . | urlquery }}}}{{{{ end }}}}" for label in self.optional
        )
        asked = f"?{chosen}{perhaps}" if chosen or perhaps else ""
        return f"/d/{uid}/{uid}{asked}"


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, in this order; ``interval`` overrides Prometheus' default."""

    name: str
    rules: Sequence[Record | Alert]
    interval: str = ""


def as_yaml(title: str, groups: Sequence[Group]) -> str:
    """Return the text of a file of rules."""
    lines = [*_comment(title, 0), "groups:"]
    for number, group in enumerate(groups):
        lines += [""] * bool(number)
        lines += [f"  - name: {group.name}"]
        lines += [f"    interval: {group.interval}"] * bool(group.interval)
        lines += ["    rules:"]
        for place, rule in enumerate(group.rules):
            lines += [""] * bool(place)
            lines += _comment(rule.why, 6)
            lines += _record(rule) if isinstance(rule, Record) else _alert(rule)
    return "\n".join(lines) + "\n"


def _comment(text: str, indent: int) -> Iterator[str]:
    for paragraph in text.splitlines():
        yield from textwrap.wrap(
            paragraph, WIDTH, initial_indent=" " * indent + "# ", subsequent_indent=" " * indent + "# "
        )


def _record(rule: Record) -> Iterator[str]:
    yield f"      - record: {rule.name}"
    yield from _expression(rule.expr)


def _alert(rule: Alert) -> Iterator[str]:
    yield f"      - alert: {rule.name}"
    yield from _expression(rule.expr)
    if rule.wait:
        yield f"        for: {rule.wait}"
    if rule.keep:
        yield f"        keep_firing_for: {rule.keep}"
    yield "        labels:"
    yield f"          severity: {rule.severity}"
    if rule.product:
        yield f"          product: {rule.product}"
    yield "        annotations:"
    yield f"          summary: {rule.summary}"
    yield from _folded("description", rule.description)
    yield from _folded("action", first_steps(rule.name))
    yield f"          runbook_url: {entry_url(rule.name)}"
    yield f"          dashboard_url: {rule.dashboard_url}"
    if rule.logs_url:
        yield from ("          logs_url: >-", f"            {rule.logs_url}")


def _folded(annotation: str, text: str) -> Iterator[str]:
    yield f"          {annotation}: >-"
    indent = " " * 12
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _expression(expr: str) -> Iterator[str]:
    yield "        expr: |-"
    yield from textwrap.indent(textwrap.dedent(expr).strip(), " " * 10).splitlines()
