"""Parts of alerts' texts that Prometheus asks for when it writes them: amounts, thresholds, since when."""

from collections.abc import Sequence

from alerting.promql import SETTING, THRESHOLD, Subject
from exporter.alerts.table import AlertEntry

USD = '{{ . | value | printf "%.2f" }} USD'
NUMBER = "{{ . | value | humanize }}"


def asked(query: str, labels: Sequence[str], known: str = USD, unknown: str = "") -> str:
    """Return a template that says ``known`` of a query's first sample (its dot), or else ``unknown``.

    Each ``%q`` in the query is the value of a label of the alert, in the order of ``labels``; ``%[1]q`` is the first.
    """
    arguments = "".join(f" $labels.{label}" for label in labels)
    otherwise = f"{{{{ else }}}}{unknown}" if unknown else ""
    return (
        f"{{{{ with printf `{query}`{arguments} | query }}}}{{{{ with first . }}}}{known}{{{{ end }}}}"
        f"{otherwise}{{{{ end }}}}"
    )


def selected(record: str, labels: Sequence[str], *matchers: str, within: str = "10m") -> str:
    """Return the newest value of the series of a record (or metric) that has the alert's labels, as part of a query.

    Rules that are evaluated every five minutes have none within the last five, if one is late.
    """
    of_alert = (f"{label}=%q" for label in labels)
    return f"last_over_time({record}{{{','.join([*of_alert, *matchers])}}}[{within}])"


def limit(alert: AlertEntry, severity: str, subject: Subject, known: str) -> str:
    """Return what says the threshold of the alert's subject."""
    matchers = f'alert="{alert.name}",severity="{severity}"'
    own = selected(subject.exceptions, subject.labels, matchers)
    return asked(f"max({own}) or max(last_over_time({THRESHOLD}{{{matchers}}}[10m]))", subject.labels, known)


def knob(alert: AlertEntry, name: str, known: str) -> str:
    """Return what says a setting of an alert."""
    matchers = f'alert="{alert.name}",setting="{alert.setting(name).name}"'
    return asked(f"max(last_over_time({SETTING}{{{matchers}}}[10m]))", (), known)


def since(alert: AlertEntry, severity: str, labels: Sequence[str]) -> str:
    """Return what says since when an alert's condition is true."""
    matchers = f'alertname="{alert.name}",severity="{severity}"'
    shown = ' It has been so since {{ (. | value | toTime).UTC.Format "2 January 15:04" }} UTC.'
    return asked(selected("ALERTS_FOR_STATE", labels, matchers, within="30m"), labels, shown)
