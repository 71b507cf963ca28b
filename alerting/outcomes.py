"""What an alert about failures says beyond its value: the outcome that leads, and where Cloudflare shows the logs."""

from alerting.promql import Subject

LOGS = (
    '{{ if not (match "^\\\\(" $labels.script_name) }}https://dash.cloudflare.com/?to=/:account/workers/services/view/'
    "{{ $labels.script_name | urlquery }}/production/observability/logs{{ end }}"
)
"""The logs of a Worker; Cloudflare fills in the account. What stands for several Workers, in parentheses, has none."""


def leading(metric: str, matcher: str, subject: Subject, outcome: tuple[str, ...], window: str) -> str:
    """Return the sentence on the outcome that most of an asset's failures have; empty if there are none.

    It is asked when the alert is told: as a label it would make a new alert whenever another outcome leads.
    """
    own = ",".join(f"{label}=%[{number}]q" for number, label in enumerate(subject.labels, start=1))
    grown = f"increase({metric}{{{','.join(filter(None, (matcher, own)))}}}[{window}])"
    query = f"topk(1, sum by ({', '.join(outcome)}) ({grown}) > 0) / scalar(sum({grown}))"
    values = " ".join(f"$labels.{label}" for label in subject.labels)
    said = " ".join(f"{{{{ .Labels.{label} }}}}" for label in outcome)
    return (
        f"{{{{ with printf `{query}` {values} | query }}}}{{{{ with . | first }}}} Most of all: {said} "
        "({{ .Value | humanizePercentage }} of the failures).{{ end }}{{ end }}"
    )
