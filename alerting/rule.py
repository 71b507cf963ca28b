"""Recording and alerting rules as values, and how they are written down."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exporter.alerts.names import OF_COSTS

WIDTH = 120

RUNBOOK = "alerting/runbook.md"
PAGES = {"": "overview", OF_COSTS: "cost"}
"""Product -> the dashboard that shows its alerts, where that is not called as the product is."""


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule; ``why`` becomes its comment."""

    name: str
    expr: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alerting rule.

    It fires after ``wait`` and stays ``keep`` longer than its expression. ``subject`` are the labels that the dashboard
    is opened with; those that are ``optional`` are left out where the series have none. An empty ``product`` leaves the
    label of that name that the series have. The dashboard is that of the product, unless ``page`` names another.
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
    why: str = ""

    @property
    def dashboard_url(self) -> str:
        """Return the address of the dashboard that shows it, from Grafana's own on."""
        uid = f"cloudflare-{self.page or PAGES.get(self.product, self.product)}"
        chosen = "&".join(f"var-{label}={{{{ $labels.{label} | urlquery }}}}" for label in self.subject)
        perhaps = "".join(
            f"{{{{ with $labels.{label} }}}}&var-{label}={{{{ . | urlquery }}}}{{{{ end }}}}" for label in self.optional
        )
        asked = f"?{chosen}{perhaps}" if chosen or perhaps else ""
        return f"/d/{uid}/{uid}{asked}"


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, in this order; ``interval`` where it is not Prometheus' own."""

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
    yield "          description: >-"
    yield from textwrap.wrap(
        rule.description,
        WIDTH,
        initial_indent=" " * 12,
        subsequent_indent=" " * 12,
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield f"          runbook_url: {RUNBOOK}#{rule.name.lower()}"
    yield f"          dashboard_url: {rule.dashboard_url}"


def _expression(expr: str) -> Iterator[str]:
    yield "        expr: |-"
    yield from textwrap.indent(textwrap.dedent(expr).strip(), " " * 10).splitlines()
