"""Which accounts may now read their assets one by one, and how often each asset is read."""

import logging
from collections.abc import Sequence
from datetime import datetime

from exporter.cloudflare import RequestBudget, TokenRejected
from exporter.cloudflare.budget import PERIOD_SECONDS
from exporter.logs import keys
from exporter.poller.account import AccountPoller
from exporter.poller.background import BILLING_REQUESTS
from exporter.poller.context import PollerContext
from exporter.poller.pacing import ReadingPace, Round, requests_kept, requests_per_refresh, stretch
from exporter.status import BEGINNING, STORAGE, Problem

log = logging.getLogger(__name__)

API = "rest"

HOPELESS = frozenset({TokenRejected.outcome, BEGINNING, STORAGE})
"""Reasons for an account being down for which none of its assets is read."""

SLOW = "slow_readings"
"""The reason of a budget that stretches the interval of readings."""


class ReadingSchedule:
    """The allocator of readings: they get what lists leave of each budget, spread over their intervals."""

    def __init__(self, context: PollerContext) -> None:
        self._context = context
        self._slow_since: dict[str, datetime] = {}

    def allocate(
        self, budget: RequestBudget, accounts: Sequence[AccountPoller]
    ) -> list[tuple[AccountPoller, ReadingPace]]:
        """Return the accounts that may read assets after a refresh, longest-waiting first, each with its pace."""
        own = _of(budget, accounts)
        due = sorted(
            (account for account in own if _may_be_read(account) and account.readings.is_due),
            key=lambda account: account.readings.asked_at,
        )
        if not due:
            return []
        refresh, stretched = self._context.settings.refresh_interval, self._stretch(budget, own)
        billing = sum(BILLING_REQUESTS for account in own if account.billing.is_due)
        room = min(budget.spare(API, refresh.total_seconds()), budget.remaining(API) - _kept(budget, own)) - billing
        paces = []
        for account in due:
            share = min(requests_per_refresh([*account.readings.rounds().values()], refresh, stretched), room)
            if share <= 0:
                break
            room -= share
            paces.append((account, ReadingPace(share, stretched)))
        return paces

    def problems(self, named: Sequence[tuple[str, RequestBudget]], accounts: Sequence[AccountPoller]) -> list[Problem]:
        """Return a problem for each budget that stretches intervals, and log changes; each comes with its name."""
        slow = {name: self._stretch(budget, _of(budget, accounts)) for name, budget in named}
        problems = []
        for name, stretched in slow.items():
            if stretched > 1:
                detail = (
                    f"{name}: what is read asset by asset takes more requests than its share of Cloudflare's limits; "
                    f"the time between two readings of an asset is {stretched:.1f} times what it should be."
                )
                remedy = "Raise cloudflare.budget_share.rest, or leave products out with filters.products."
                if name not in self._slow_since:
                    log.warning("%s %s", detail, remedy, extra=keys(token=name))
                since = self._slow_since.setdefault(name, self._context.now())
                problems.append(Problem(name, "budget", SLOW, since, detail, remedy))
        for name in [name for name in self._slow_since if slow.get(name, 1.0) <= 1]:
            log.info("assets are read as often as they should be again", extra=keys(token=name))
            del self._slow_since[name]
        return problems

    def _stretch(self, budget: RequestBudget, own: Sequence[AccountPoller]) -> float:
        rounds: list[Round] = [each for account in own for each in account.readings.rounds().values()]
        interval = self._context.settings.discovery_interval.total_seconds()
        listed = sum(_list_costs(own)) * PERIOD_SECONDS / interval
        return stretch(rounds, _kept(budget, own), listed, budget.allowance(API), PERIOD_SECONDS)


def _of(budget: RequestBudget, accounts: Sequence[AccountPoller]) -> list[AccountPoller]:
    return [account for account in accounts if account.principal.budget is budget]


def _may_be_read(account: AccountPoller) -> bool:
    """Return whether reading may succeed and be stored, even if analytics are refused or away."""
    return account.statuses.whole.reason not in HOPELESS


def _kept(budget: RequestBudget, own: Sequence[AccountPoller]) -> int:
    """Return the requests that readings leave to lists."""
    return requests_kept(_list_costs(own), budget.allowance(API))


def _list_costs(own: Sequence[AccountPoller]) -> list[int]:
    return [account.principal.discovery.cost(account.account.id) for account in own]
