"""What it means for a check that Cloudflare did not give what was asked for another reason than a permission. Pure."""

from typing import NamedTuple

from exporter.check.findings import Level
from exporter.cloudflare import CloudflareError, OverBudget, Throttled
from exporter.cloudflare.errors import Unreachable

AGAIN = "Check again in a few minutes; if it lasts, look at Cloudflare's status page."


class Fault(NamedTuple):
    """How bad it is, what happened, and what to do."""

    level: Level
    message: str
    remedy: str


NOT_TRIED = {
    OverBudget.outcome: Fault(
        Level.WARNING,
        "not tried: what this check may ask of Cloudflare is used up.",
        "Check again in five minutes, or fewer accounts at a time with accounts.include.",
    ),
    Throttled.outcome: Fault(
        Level.ERROR,
        "not tried: Cloudflare throttles this user.",
        "Wait five minutes, and check again. If it comes back, another tool uses up the limits of this user.",
    ),
}
"""By outcome: the same words for every account, where requests are limited."""


def fault_of(error: CloudflareError) -> Fault:
    """Return what an error means."""
    return describe_fault(error.outcome, error.detail, error.remedy)


def describe_fault(outcome: str, detail: str, remedy: str) -> Fault:
    """Return what an error with this outcome means; ``remedy`` is that of an exporter that runs."""
    advice = AGAIN if remedy in {"", Unreachable.advice} else remedy
    return NOT_TRIED.get(outcome) or Fault(Level.ERROR, f"could not be tried. {detail}", advice)
