"""Queries of dashboards that can have no answer after some minutes of a healthy account, and why."""

from collections.abc import Mapping

UNANSWERED: Mapping[str, str] = {
    "cloudflare_budget_": "no budget is configured",
    "by (account, line) (cloudflare_billed_": "Cloudflare's bill is asked for less often than these minutes",
    "1000 * (((time() -": "what is included is used up already, or lasts for the cycle",
    "offset 30d": "nothing was recorded a billing cycle ago",
    "_per_week_before:": "nothing was recorded a week ago",
    "offset 1w": "nothing was recorded a week ago",
    "cloudflare_exporter_problem_start_timestamp_seconds": "nothing is wrong",
    "group by (project": "no counter began anew",
    " - 1 > 0": "no more is used than what is included",
    "by (field) (": "nothing came late",
    "cloudflare_r2_bucket_errors_per_requests": "no operation of a bucket has failed yet",
    "changes(": "nothing is deployed meanwhile",
    'alertstate="firing",alertname=~"Cloudflare(Cost|': "no cost is high",
    'alertstate="firing",product="': "one Worker fails; nothing is wrong with the other products",
}
"""Part of a query -> why. Their panels say in words, or by a dash, that there is nothing."""


def is_unanswered(query: str) -> bool:
    """Return whether a query may have no answer."""
    return any(part in query for part in UNANSWERED)
