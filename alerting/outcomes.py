"""What an alert about failures says beyond its value: the outcome that leads, and where Cloudflare shows the logs."""

from alerting.promql import Subject
from alerting.texts import asked
from exporter.catalog.asset_kind import CONSOLE_OF_ACCOUNT
from exporter.catalog.workers import WORKER

_LOGS = WORKER.page.replace("/metrics", "/observability/logs").format(name="{{ $labels.script_name | urlquery }}")

LOGS = f'{{{{ if not (match "^\\\\(" $labels.script_name) }}}}{CONSOLE_OF_ACCOUNT}{_LOGS}{{{{ end }}}}'
"""The logs of a Worker; Cloudflare fills in the account. What stands for several Workers, in parentheses, has none."""


def leading(metric: str, matcher: str, subject: Subject, outcome: tuple[str, ...], window: str) -> str:
    """Return the sentence on the outcome that most of an asset's failures have; empty if there are none.

    It is asked when the alert is told: as a label it would make a new alert whenever another outcome leads.
    """
    own = ",".join(f"{label}=%[{number}]q" for number, label in enumerate(subject.labels, start=1))
    grown = f"increase({metric}{{{','.join(filter(None, (matcher, own)))}}}[{window}])"
    query = f"topk(1, sum by ({', '.join(outcome)}) ({grown}) > 0) / scalar(sum({grown}))"
    said = " ".join(f"{{{{ .Labels.{label} }}}}" for label in outcome)
    share = "{{ .Value | humanizePercentage }}"
    return asked(query, subject.labels, f" Most of all: {said} ({share} of the failures).")
