"""What is wrong with what is known of the accounts' billing: items that cannot be read, plans that cannot be."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

from exporter.billing import BillingFacts
from exporter.costs.current import Costs
from exporter.logs import keys
from exporter.pricing import AccountCosts
from exporter.pricing.excess import describe_excess, find_excess
from exporter.status import Problem

log = logging.getLogger(__name__)

BILLING = "billing"
"""The part of these problems."""

PLAN_ADVICE = (
    "If the account pays for Workers, set costs.plan (or that of the account in costs.accounts) to workers_paid; if it "
    "does not, report this."
)
UNREAD_ADVICE = "Set costs.plan if the plan shown is wrong; report this, with the names of the account's subscriptions."


class BillingProblems:
    """The problems, each with the time at which it was first found; ``now`` returns the time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known: dict[tuple[str, str], Problem] = {}

    def find(self, costs: Costs) -> list[Problem]:
        """Return the problems of the published costs, and log those that were not there before."""
        found: dict[tuple[str, str], Problem] = {}
        for account_id, each in costs.accounts.items():
            for reason, detail, remedy in _faults(each, costs.facts.get(account_id)):
                known = self._known.get((account_id, reason))
                since = known.since if known is not None else self._now()
                found[account_id, reason] = Problem(each.account, BILLING, reason, since, detail, remedy)
                if known is None:
                    log.warning("%s %s", detail, remedy, extra=keys(account=account_id, reason=reason))
        for account_id, reason in self._known.keys() - found.keys():
            log.info("the billing of the account is clear again", extra=keys(account=account_id, reason=reason))
        self._known = found
        return list(found.values())


def _faults(costs: AccountCosts, facts: BillingFacts | None) -> Iterator[tuple[str, str, str]]:
    """Yield the reason, detail and remedy of each problem of an account."""
    excess = find_excess(costs)
    if excess is not None:
        yield "plan", describe_excess(costs, excess), PLAN_ADVICE
    if facts is not None and (facts.unread_subscriptions or facts.unread_rows):
        yield (
            "bad_items",
            f"Billing of account {costs.account} ({costs.account_id}): {facts.unread_subscriptions} of its "
            f"subscriptions and {facts.unread_rows} rows of its bill cannot be read, and are left out.",
            UNREAD_ADVICE,
        )
