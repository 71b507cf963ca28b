"""The faults that a check reports for failures other than a missing permission. Pure."""

from typing import NamedTuple

from exporter.check.findings import Level
from exporter.cloudflare import CloudflareError, OverBudget, Throttled
from exporter.cloudflare.errors import Unreachable

AGAIN = "Check again in a few minutes; if it persists, look at Cloudflare's status page."


class Fault(NamedTuple):
    """How severe a failure is, what happened, and what to do."""

    level: Level
    message: str
    remedy: str


NOT_TRIED = {
    OverBudget.outcome: Fault(
        Level.WARNING,
        "not tried: this check has used up its share of Cloudflare's request limits.",
        "Check again in five minutes, or check fewer accounts at a time with accounts.include.",
    ),
    Throttled.outcome: Fault(
        Level.ERROR,
        "not tried: Cloudflare is throttling this user.",
        "Check again in five minutes. If it recurs, another tool uses up the request limits of this user.",
    ),
}
"""Faults by outcome: the same words for every account if requests are limited."""


def fault_of(error: CloudflareError) -> Fault:
    """Return the fault that an error amounts to in a check."""
    return describe_fault(error.outcome, error.detail, error.remedy)


def describe_fault(outcome: str, detail: str, remedy: str) -> Fault:
    """Return the fault that an error with this outcome amounts to in a check.

    ``remedy`` is the advice for a running exporter.
    """
    advice = AGAIN if remedy in {"", Unreachable.advice} else remedy
    return NOT_TRIED.get(outcome) or Fault(Level.ERROR, f"could not be tried. {detail}", advice)
