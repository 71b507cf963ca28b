"""Alertmanager's receivers: one for each secret, named like it, with the texts of its service. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from exporter.alertmanager import texts
from exporter.alertmanager.markup import BRIEF, DISCORD, HTML, PLAIN, SLACK, TELEGRAM
from exporter.alertmanager.secrets import Secret
from exporter.alertmanager.services import SERVICES
from exporter.alerts.links import AlertLinks
from exporter.catalog.product import Product
from exporter.config.routing import Routing

Receiver = dict[str, Any]

NOBODY = "nobody"
"""The receiver that sends nothing."""

ALSO = "also"
"""The prefix of receivers for the addresses given by a flag."""

_COLOUR = (
    '{{ if eq .Status "resolved" }}good{{ else if eq .CommonLabels.severity "critical" }}danger'
    '{{ else if eq .CommonLabels.severity "warning" }}warning{{ else }}#439FE0{{ end }}'
)
_SEVERITY = (
    '{{ if eq .CommonLabels.severity "critical" }}critical{{ else if eq .CommonLabels.severity "warning" }}warning'
    "{{ else }}info{{ end }}"
)


def receiver(secret: Secret, routing: Routing, links: AlertLinks, products: Iterable[Product]) -> Receiver:
    """Return the receiver of a secret; its texts name assets of these products."""
    config = {**secret.settings, **_says(secret.service.name, routing, links, texts.asset_labels(products))}
    return {"name": secret.name, secret.service.section: [config]}


def webhook(name: str, url: str) -> Receiver:
    """Return a receiver that posts Alertmanager's JSON to an address."""
    return {"name": name, SERVICES["webhook"].section: [{"url": url, "send_resolved": True}]}


def _says(service: str, routing: Routing, links: AlertLinks, names: Sequence[str]) -> Mapping[str, Any]:
    """Return the keys of a receiver that are not secret."""
    by_service = {"discord": _discord, "slack": _slack, "pagerduty": _pagerduty, "telegram": _telegram, "email": _email}
    to = {"pagerduty": {"url": routing.pagerduty_url}, "telegram": {"api_url": routing.telegram_api_url}}
    if service in by_service:
        return {"send_resolved": True, **to.get(service, {}), **by_service[service](links, names)}
    # A resolved watchdog must not count as a sign of life.
    return {"send_resolved": service != "watchdog"}


def _discord(links: AlertLinks, names: Sequence[str]) -> Mapping[str, Any]:
    return {"title": texts.title(DISCORD, names), "message": texts.body(DISCORD, links, names)}


def _telegram(links: AlertLinks, names: Sequence[str]) -> Mapping[str, Any]:
    message = texts.body(TELEGRAM, links, names, f"{TELEGRAM.strong(texts.title(TELEGRAM, names))}\n")
    return {"parse_mode": "HTML", "message": message}


def _email(links: AlertLinks, names: Sequence[str]) -> Mapping[str, Any]:
    return {
        "headers": {"Subject": texts.title(PLAIN, names)},
        "text": texts.body(PLAIN, links, names, f"{texts.title(PLAIN, names)}\n\n") + "\n",
        "html": texts.html_page(HTML, links, names),
    }


def _slack(links: AlertLinks, names: Sequence[str]) -> Mapping[str, Any]:
    return {
        "color": _COLOUR,
        "title": texts.title(SLACK, names),
        "title_link": _best_link(links),
        "text": texts.body(SLACK, links, names),
        "fallback": texts.title(SLACK, names),
        "footer": "cloudflare-exporter",
        "mrkdwn_in": ["text"],
    }


def _pagerduty(links: AlertLinks, names: Sequence[str]) -> Mapping[str, Any]:
    linked = [
        {"href": f"{texts.variables(links, name)}{{{{ {name} }}}}", "text": title}
        for name, title in texts.LINKS.items()
        if name != "$prometheus"
    ]
    return {
        "client": "cloudflare-exporter",
        "client_url": _best_link(links),
        "severity": _SEVERITY,
        "description": texts.title(BRIEF, names),
        "class": texts.label(".CommonLabels.alertname"),
        "component": texts.label(texts.asset(".CommonLabels", names)),
        "group": texts.label("or .CommonLabels.project .CommonLabels.account"),
        "links": linked,
        "details": {
            "summary": f"{{{{ $first := index .Alerts 0 }}}}{texts.summary(BRIEF)}",
            "action": f"{{{{ $first := index .Alerts 0 }}}}{texts.first_steps(BRIEF)}",
            "firing": texts.firing(BRIEF),
            "resolved": texts.resolved(BRIEF, names),
            "num_firing": "{{ len .Alerts.Firing }}",
            "num_resolved": "{{ len .Alerts.Resolved }}",
            "account": "{{ .CommonLabels.account }}",
            "project": "{{ .CommonLabels.project }}",
            "links": f"{texts.variables(links)}{texts.links(BRIEF)}{texts.where_to_read(BRIEF)}",
        },
    }


def _best_link(links: AlertLinks) -> str:
    """Return the template of the address that a notification's title leads to."""
    name, otherwise = ("$dashboard", ".ExternalURL") if links.has_silences else ("$prometheus", "$prometheus")
    return f"{texts.variables(links, *dict.fromkeys(('$dashboard', name)))}{{{{ or $dashboard {otherwise} }}}}"
