"""Alertmanager's receivers: one for each secret, of its name, with the texts of its service. Pure."""

from collections.abc import Mapping
from typing import Any

from exporter.alertmanager import texts
from exporter.alertmanager.markup import BRIEF, DISCORD, HTML, PLAIN, SLACK, TELEGRAM
from exporter.alertmanager.secrets import Secret
from exporter.alertmanager.services import SERVICES
from exporter.config.routing import Routing

Receiver = dict[str, Any]

NOBODY = "nobody"
"""The receiver that sends nothing."""

ALSO = "also"
"""How the receivers of addresses begin that a flag names."""

_COLOUR = (
    '{{ if eq .Status "resolved" }}good{{ else if eq .CommonLabels.severity "critical" }}danger'
    '{{ else if eq .CommonLabels.severity "warning" }}warning{{ else }}#439FE0{{ end }}'
)
_SEVERITY = (
    '{{ if eq .CommonLabels.severity "critical" }}critical{{ else if eq .CommonLabels.severity "warning" }}warning'
    "{{ else }}info{{ end }}"
)
_BEST_LINK = "{{ if $dashboard }}{{ $dashboard }}{{ else }}{{ .ExternalURL }}{{ end }}"


def receiver(secret: Secret, routing: Routing) -> Receiver:
    """Return the receiver of a secret."""
    config = {**secret.settings, **_says(secret.service.name, routing)}
    return {"name": secret.name, secret.service.section: [config]}


def webhook(name: str, url: str) -> Receiver:
    """Return a receiver that posts Alertmanager's JSON to an address."""
    return {"name": name, SERVICES["webhook"].section: [{"url": url, "send_resolved": True}]}


def _says(service: str, routing: Routing) -> Mapping[str, Any]:
    """Return the keys of a receiver that are no secret."""
    by_service = {"discord": _discord, "slack": _slack, "pagerduty": _pagerduty, "telegram": _telegram, "email": _email}
    if service in by_service:
        return {"send_resolved": True, **by_service[service](routing)}
    # An end of the watchdog must not be taken for a sign of life.
    return {"send_resolved": service != "watchdog"}


def _discord(routing: Routing) -> Mapping[str, Any]:
    return {"title": texts.title(DISCORD), "message": texts.body(DISCORD, routing)}


def _telegram(routing: Routing) -> Mapping[str, Any]:
    message = texts.body(TELEGRAM, routing, f"{TELEGRAM.strong(texts.title(TELEGRAM))}\n")
    return {"api_url": routing.telegram_api_url, "parse_mode": "HTML", "message": message}


def _email(routing: Routing) -> Mapping[str, Any]:
    return {
        "headers": {"Subject": texts.title(PLAIN)},
        "text": texts.body(PLAIN, routing, f"{texts.title(PLAIN)}\n\n") + "\n",
        "html": texts.html_page(HTML, routing),
    }


def _slack(routing: Routing) -> Mapping[str, Any]:
    return {
        "color": _COLOUR,
        "title": texts.title(SLACK),
        "title_link": texts.variables(routing, "$dashboard") + _BEST_LINK,
        "text": texts.body(SLACK, routing),
        "fallback": texts.title(SLACK),
        "footer": "cloudflare-exporter",
        "mrkdwn_in": ["text"],
    }


def _pagerduty(routing: Routing) -> Mapping[str, Any]:
    linked = [
        {"href": f"{texts.variables(routing, name)}{{{{ or {name} .ExternalURL }}}}", "text": texts.LINKS[name]}
        for name, base in (("$runbook", routing.runbook_url), ("$dashboard", routing.grafana_url), ("$silence", "any"))
        if base
    ]
    return {
        "url": routing.pagerduty_url,
        "client": "cloudflare-exporter",
        "client_url": texts.variables(routing, "$dashboard") + _BEST_LINK,
        "severity": _SEVERITY,
        "description": texts.title(BRIEF),
        "class": texts.label(".CommonLabels.alertname"),
        "component": texts.label(texts.asset(".CommonLabels")),
        "group": texts.label("or .CommonLabels.project .CommonLabels.account"),
        "links": linked,
        "details": {
            "summary": f"{{{{ $first := index .Alerts 0 }}}}{texts.summary(BRIEF)}",
            "firing": texts.firing(BRIEF),
            "resolved": texts.resolved(BRIEF),
            "num_firing": "{{ len .Alerts.Firing }}",
            "num_resolved": "{{ len .Alerts.Resolved }}",
            "account": "{{ .CommonLabels.account }}",
            "project": "{{ .CommonLabels.project }}",
            "links": f"{texts.variables(routing)}{texts.links(BRIEF)}{texts.where_to_read(BRIEF)}",
        },
    }
