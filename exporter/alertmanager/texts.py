"""The texts of notifications, as Go templates inside the configuration: no template files are needed. Pure.

Alerts of a notification have alert name, account and project in common; ``names`` are the labels that name an alert's
subject (``asset_labels``). Most of the text is the same for every service; ``Markup`` has the differences.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from exporter.alertmanager.markup import BRIEF, Markup
from exporter.alerts.links import ABSOLUTE, RUNBOOK_FILE, AlertLinks
from exporter.catalog import kinds_of
from exporter.catalog.product import Product

_TIME = '.UTC.Format "2006-01-02 15:04"'

_CLEAN = (
    ' | reReplaceAll " " "%20" | reReplaceAll `"` "%22" | reReplaceAll "<" "%3C" | reReplaceAll ">" "%3E"'
    ' | reReplaceAll `\\(` "%28" | reReplaceAll `\\)` "%29" | reReplaceAll `\\|` "%7C"'
)
"""Escapes an address for every markup."""


LINKS: Mapping[str, str] = {
    "$runbook": "What to do",
    "$dashboard": "Dashboard",
    "$logs": "Logs",
    "$prometheus": "Prometheus",
    "$silence": "Silence",
}
"""The variables that hold links, and their titles."""

_SILENCE = [
    '$filter := ""',
    "range .GroupLabels.SortedPairs",
    '$value := .Value | reReplaceAll `(["\\\\])` `\\$1` | urlquery | reReplaceAll `\\+` "%20"',
    "if $filter",
    '$filter = printf "%s%%2C" $filter',
    "end",
    '$filter = printf "%s%s%%3D%%22%s%%22" $filter .Name $value',
    "end",
    '$silence := printf "%s/#/silences/new?filter=%%7B%s%%7D" .ExternalURL $filter',
]
"""Builds the address of the page that silences the alerts of a notification by their common labels."""


def asset_labels(products: Iterable[Product]) -> tuple[str, ...]:
    """Return the labels of possible subjects, the most specific first; ``alert`` names an unresolved alert."""
    return ("alert", *(kind.label for kind in kinds_of(products).values()), "dataset", "meter", "budget")


def asset(labels: str, names: Sequence[str]) -> str:
    """Return the expression for the first of these labels that is set; its value is empty if none is."""
    return f"or {' '.join(f'{labels}.{name}' for name in names)}"


def title(markup: Markup, names: Sequence[str]) -> str:
    """Return the title: status, severity, alert and subject, in at most 240 characters."""
    parts = [
        '[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end }}]',
        "{{ with .CommonLabels.severity }} {{ . | toUpper }}{{ end }}",
        _cut(markup, ".CommonLabels.alertname", 60, " "),
        _cut(markup, asset(".CommonLabels", names), 60, " · "),
        _cut(markup, ".CommonLabels.project", 40, " · project "),
        _cut(markup, ".CommonLabels.account", 40, " · "),
    ]
    return "".join(parts)


def label(expression: str) -> str:
    """Return the actions that write a label for PagerDuty's short fields."""
    return _cut(BRIEF, expression, 100)


def variables(known: AlertLinks, *wanted: str) -> str:
    """Return the actions that set link variables: those ``wanted`` of ``LINKS``, or all; each may be empty."""
    page = f"(reReplaceAll `^/*{re.escape(RUNBOOK_FILE)}` {json.dumps(known.runbook_page)} $runbook)"
    found = {
        "$runbook": _based("$runbook", "runbook_url", known.runbook_base, page),
        "$dashboard": _based("$dashboard", "dashboard_url", known.grafana, "$dashboard"),
        "$logs": _based("$logs", "logs_url", "", "$logs"),
        "$prometheus": ["$prometheus := $first.GeneratorURL"],
        "$silence": _SILENCE if known.has_silences else ['$silence := ""'],
    }
    lines = ["$first := index .Alerts 0"]
    for name in wanted or LINKS:
        lines += [*found[name], f"{name} = {name}{_CLEAN}"]
    return "".join(f"{{{{- {line} -}}}}\n" for line in lines)


def _based(name: str, annotation: str, base: str, path: str) -> list[str]:
    """Return the actions that resolve an annotation's address, absolute or a path relative to a base."""
    target = f'printf "%s/%s" {json.dumps(base)} (reReplaceAll `^/+` "" {path})'
    return [
        f"{name} := $first.Annotations.{annotation}",
        f"if and {name} (not (match `{ABSOLUTE}` {name}))",
        f"{name} = {target}" if base else f'{name} = ""',
        "end",
    ]


def links(markup: Markup) -> str:
    """Return the line of links; needs all ``variables``."""
    text = '{{ $between := "" }}'
    for name, label in LINKS.items():
        condition = f"and {name} (le (len {name}) {markup.longest_link})"
        if name == "$silence":
            condition = f'and (eq .Status "firing") {name} (le (len {name}) {markup.longest_link})'
        text += f"{{{{ if {condition} }}}}{{{{ $between }}}}{markup.linked(label, name)}"
        text += f'{{{{ $between = "{markup.between_links}" }}}}{{{{ end }}}}'
    return text


def summary(markup: Markup) -> str:
    """Return the actions that write the alert's summary."""
    return _cut(markup, "or $first.Annotations.summary $first.Labels.alertname", 200)


def where_to_read(markup: Markup) -> str:
    """Return the line that names the runbook's entry if there is no link to it; needs ``variables``."""
    entry = _cut(markup, "$first.Annotations.runbook_url", 200)
    return f"{{{{ if and (not $runbook) $first.Annotations.runbook_url }}}}\nWhat to do: {entry}{{{{ end }}}}"


def first_steps(markup: Markup) -> str:
    """Return the line of what to do first, while the alert fires; needs ``variables``."""
    steps = _cut(markup, "$first.Annotations.action", 320)
    return f'{{{{ if and (eq .Status "firing") $first.Annotations.action }}}}\nFirst steps: {steps}{{{{ end }}}}'


def firing(markup: Markup) -> str:
    """Return a line for each firing alert, each preceded by a line break."""
    told = _cut(markup, "or .Annotations.description .Annotations.summary .Labels.alertname", "$width")
    line = f"\n• {told} (since {{{{ .StartsAt{_TIME} }}}} UTC)"
    return _width(markup) + _listed(".Alerts.Firing", markup.listed, line)


def resolved(markup: Markup, names: Sequence[str]) -> str:
    """Return a line for each resolved alert, each preceded by a line break."""
    what = f"or ({asset('.Labels', names)}) .Labels.project .Labels.account .Labels.alertname"
    line = f"\n• {_cut(markup, what, 60)} ({{{{ .StartsAt{_TIME} }}}} to {{{{ .EndsAt{_TIME} }}}} UTC)"
    return _listed(".Alerts.Resolved", markup.ended, line)


def body(markup: Markup, known: AlertLinks, names: Sequence[str], head: str = "") -> str:
    """Return the whole text, below a head that may be empty."""
    return "".join(
        [
            variables(known),
            head,
            markup.strong(summary(markup)),
            f"\n{links(markup)}",
            where_to_read(markup),
            first_steps(markup),
            f"\n{firing(markup)}",
            "{{ if .Alerts.Resolved }}\n" + markup.strong("Resolved") + resolved(markup, names) + "{{ end }}",
        ]
    )


def html_page(markup: Markup, known: AlertLinks, names: Sequence[str]) -> str:
    """Return the HTML of an e-mail."""
    told = _cut(markup, "or .Annotations.description .Annotations.summary .Labels.alertname", "$width")
    what = f"or ({asset('.Labels', names)}) .Labels.project .Labels.account .Labels.alertname"
    ended = f"<li>{_cut(markup, what, 200)} ({{{{ .StartsAt{_TIME} }}}} to {{{{ .EndsAt{_TIME} }}}} UTC)</li>\n"
    return "".join(
        [
            variables(known),
            '<!DOCTYPE html>\n<html>\n<body style="font-family: sans-serif; max-width: 50em">\n',
            f"<h3>{title(markup, names)}</h3>\n<p>{markup.strong(summary(markup))}</p>\n<p>{links(markup)}",
            *(line(markup).replace("\n", "<br>") for line in (where_to_read, first_steps)),
            f"</p>\n<ul>\n{_width(markup)}",
            _listed(
                ".Alerts.Firing",
                markup.listed,
                f"<li>{told} (since {{{{ .StartsAt{_TIME} }}}} UTC)</li>\n",
                ("<li>", "</li>\n"),
            ),
            "</ul>\n{{ if .Alerts.Resolved }}<p>Resolved</p>\n<ul>\n",
            _listed(".Alerts.Resolved", markup.ended, ended, ("<li>", "</li>\n")),
            "</ul>\n{{ end }}</body>\n</html>\n",
        ]
    )


def _listed(alerts: str, most: int, line: str, around: tuple[str, str] = ("\n", "")) -> str:
    """Return a line for each of the first alerts, and one with the number of the rest."""
    rest = f"{around[0]}… and {{{{ len (slice {alerts} {most}) }}}} more{around[1]}"
    return (
        f"{{{{ range $number, $alert := {alerts} }}}}{{{{ if lt $number {most} }}}}{{{{ with $alert }}}}{line}"
        f"{{{{ end }}}}{{{{ end }}}}{{{{ end }}}}{{{{ if gt (len {alerts}) {most} }}}}{rest}{{{{ end }}}}"
    )


def _width(markup: Markup) -> str:
    """Return the actions that set $width, the maximum length of a description."""
    is_alone = f"{{{{ if eq (len .Alerts) 1 }}}}{{{{ $width = {markup.alone} }}}}"
    are_few = f"{{{{ else if le (len .Alerts.Firing) {markup.listed // 2} }}}}{{{{ $width = {2 * markup.width} }}}}"
    return f"{{{{ $width := {markup.width} }}}}{is_alone}{are_few}{{{{ end }}}}"


def _cut(markup: Markup, expression: str, length: int | str, before: str = "") -> str:
    """Return the actions that write a value, if any, cut to ``length`` characters with an ellipsis."""
    return (
        f'{{{{ with {expression} }}}}{before}{{{{ $cut := printf "%.*s" {length} . }}}}{markup.put("$cut")}'
        "{{ if ne $cut . }}…{{ end }}{{ end }}"
    )
